"""Read the genes' windows of one remote track."""

import sys
from pathlib import Path

from tr300m.arrays.excerpts import fetch_excerpt
from tr300m.base.axes import Genes
from tr300m.base.job import job
from tr300m.config.download_addresses import download_addresses

with job(snakemake.log[0]):
    options = snakemake.params
    row, urls = download_addresses(snakemake.wildcards.name, snakemake.config, snakemake.scriptdir)
    print(f"{row.local_name}: {row.terms}\nits checksum is that of the whole file and not checked", file=sys.stderr)
    genes, out = Genes.read(snakemake.input.genes), Path(snakemake.output[0])
    fetch_excerpt(urls, Path(options.kept), out, options.source["size"], genes, options.flank)
