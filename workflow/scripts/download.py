"""Download one upstream file."""

import sys
from pathlib import Path

from tr300m.base.job import job
from tr300m.config.source_table import SOURCES_TABLE, locate, read_sources
from tr300m.config.track_table import read_tracks
from tr300m.sources.fetch import fetch

with job(snakemake.log[0]):
    source = snakemake.params.source
    # Not a parameter of the rule: a change of the terms, or of the folder of the checkout, must not rerun a download.
    table = Path(snakemake.scriptdir).resolve().parents[1] / SOURCES_TABLE
    rows, config = read_sources(table), snakemake.config
    tracks = read_tracks(config["tracks"], rows, config["sources"], config["data"], files=False)
    rows |= tracks.sources
    row = next(row for row in rows.values() if row.local_name == snakemake.wildcards.name)
    print(f"{row.local_name}: {row.terms}", file=sys.stderr)
    location = locate(row.key, rows, config["sources"] | tracks.choices, config["data"])
    urls = [location.value] if location.kind == "url" else list(row.urls)
    fetch(urls, Path(snakemake.output[0]), source["size"], source["checksum"])
