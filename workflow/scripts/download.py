"""Fetch one upstream file."""

import sys
from pathlib import Path

from tr300m.download import fetch
from tr300m.job import job

with job(snakemake.log[0]):
    source = snakemake.params.source
    if source["terms"]:
        print(f"{snakemake.wildcards.name}: {source['terms']}", file=sys.stderr)
    fetch(source["urls"], Path(snakemake.output[0]), source["size"], source["checksum"])
