"""Table of the test whether a regulator's motif times its own level predicts genes that were not fitted."""

from pathlib import Path

import numpy as np
from tr300m.base.job import job
from tr300m.dataset.data_identity import identify
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.tissue_split import groups_of_tissues
from tr300m.evaluation.mechanism import mechanism
from tr300m.results.mechanism_table import (
    MECHANISM_NOTES,
    correlations_by_panel,
    mechanism_columns,
    mechanism_rows,
    sizes_note,
)
from tr300m.results.random_pairings import save_pairings
from tr300m.results.write_table import write_table

with job(snakemake.log[0]):
    given, params = snakemake.input, snakemake.params
    dataset = Dataset.open(Path(given.manifest).parent)
    groups = groups_of_tissues(dataset.samples.tissue, params.tissue_groups)
    result = mechanism(dataset, np.load(given.features), groups, seed=params.seed)
    rows = mechanism_rows(result, dataset.genes.cluster, params.draws, params.seed)
    write_table(
        snakemake.output.tsv,
        snakemake.output.markdown,
        mechanism_columns(rows),
        notes=[*MECHANISM_NOTES, sizes_note(result)],
        simulated=identify(dataset.manifest).simulated,
    )
    save_pairings(snakemake.output.pairings, correlations_by_panel(result))
