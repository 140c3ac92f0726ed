"""Tables of the evaluation of all runs."""

from tr300m.base.files import read_json, read_tsv
from tr300m.base.job import job
from tr300m.config.external_predictions import external_notes
from tr300m.dataset.data_identity import identify
from tr300m.results.report.all_runs import (
    CALIBRATION_NOTE,
    COVERED_NOTE,
    VIEW_NOTE,
    calibration_side_by_side,
    views_side_by_side,
)
from tr300m.results.write_table import write_table

with job(snakemake.log[0]):
    data = identify(read_json(snakemake.input.manifest))
    labels = snakemake.params.labels
    breakdown = list(zip(labels, map(read_tsv, snakemake.input.breakdown), strict=True))
    write_table(
        snakemake.output.breakdown,
        snakemake.output.breakdown_markdown,
        views_side_by_side(breakdown),
        notes=[VIEW_NOTE],
        simulated=data.simulated,
    )
    calibration = list(zip(labels, map(read_tsv, snakemake.input.calibration), strict=True))
    notes = [COVERED_NOTE, *external_notes(snakemake.params.external)] if snakemake.params.external else []
    external = list(zip(snakemake.params.external, map(read_tsv, snakemake.input.external), strict=True))
    write_table(
        snakemake.output.calibration,
        snakemake.output.calibration_markdown,
        calibration_side_by_side(calibration, external),
        notes=[CALIBRATION_NOTE, *notes],
        simulated=data.simulated,
    )
