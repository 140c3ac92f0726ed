"""Fetch one upstream file."""

import sys
from pathlib import Path

from tr300m.base.job import job
from tr300m.config.settings import SOURCES_TABLE
from tr300m.config.source_table import addresses, read_sources
from tr300m.sources.fetch import fetch

with job(snakemake.log[0]):
    source = snakemake.params.source
    # The table is not a parameter of the rule, so that neither an edit of it nor a moved checkout downloads again.
    table = Path(snakemake.scriptdir).parents[1] / SOURCES_TABLE
    rows = {row.local_name: row for row in read_sources(table).values()}
    row = rows[snakemake.wildcards.name]
    print(f"{row.local_name}: {row.terms}", file=sys.stderr)
    urls = addresses(row, snakemake.config["sources"], snakemake.config["data"])
    fetch(urls, Path(snakemake.output[0]), source["size"], source["checksum"])
