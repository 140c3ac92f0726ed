"""Fetch one upstream file."""

import sys
from pathlib import Path

from tr300m.download import fetch
from tr300m.job import job
from tr300m.sources import read_sources

with job(snakemake.log[0]):
    source = snakemake.params.source
    # Looked up here and no parameter of the rule: another wording must not fetch gigabytes again.
    terms = {row.local_name: row.terms for row in read_sources(snakemake.params.table).values()}
    print(f"{snakemake.wildcards.name}: {terms[snakemake.wildcards.name]}", file=sys.stderr)
    fetch(source["urls"], Path(snakemake.output[0]), source["size"], source["checksum"])
