"""Download one upstream file."""

import sys
from pathlib import Path

from tr300m.base.job import job
from tr300m.config.download_addresses import download_addresses
from tr300m.sources.fetch import fetch

with job(snakemake.log[0]):
    source = snakemake.params.source
    row, urls = download_addresses(snakemake.wildcards.name, snakemake.config, snakemake.scriptdir)
    print(f"{row.local_name}: {row.terms}", file=sys.stderr)
    fetch(urls, Path(snakemake.output[0]), source["size"], source["checksum"])
