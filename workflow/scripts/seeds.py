"""Table of the spread between runs that differ only in their seed."""

from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.dataset.data_identity import identify
from tr300m.results.metric_table import CONTRASTS_NOTE, UNITS
from tr300m.results.seed_spread import spread_table
from tr300m.results.write_table import write_table

with job(snakemake.log[0]):
    data = identify(read_json(snakemake.input.manifest))
    groups = [
        (f"{label}: {', '.join(runs)}", [read_json(snakemake.params.metrics[run]) for run in runs])
        for label, runs in zip(snakemake.params.labels, snakemake.params.groups, strict=True)
    ]
    notes = ["Validation pairs.", UNITS, CONTRASTS_NOTE, "SD between seeds, divided by n - 1."]
    write_table(
        snakemake.output.tsv,
        snakemake.output.markdown,
        spread_table(groups),
        notes=notes,
        simulated=data.simulated,
    )
