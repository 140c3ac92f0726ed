"""Compare the arrays with the published data, number by number."""

import sys
from pathlib import Path

from tr300m.base.files import write_tsv
from tr300m.base.job import job
from tr300m.release.compare import COMPARISON_COLUMNS, PublishedData, compare, comparison_row
from tr300m.release.export import RECIPES, axis_ids, rebuild

with job(snakemake.log[0]):
    published = PublishedData(snakemake.input.published)
    ids = axis_ids(Path(snakemake.input.genes).parent)
    rows = []
    for array, source in zip(RECIPES, snakemake.input.sources, strict=True):
        member = published.members.get(array)
        if member is None:
            result = "missing from the published data"
        else:
            with published.open(array) as stream:
                result = compare(rebuild(array, source), stream, f"comparing {array}")
        rows.append(comparison_row(array, result, ids, member))
        print(f"{array}: {rows[-1]['verdict']}", file=sys.stderr)
    write_tsv(snakemake.output.table, {column: [row[column] for row in rows] for column in COMPARISON_COLUMNS})
