"""Calibration of the predicted distributions of one run."""

import numpy as np
from tr300m.base.files import read_json, write_tsv
from tr300m.base.job import job
from tr300m.evaluation.calibration import calibration_table, coverage_curve, pit_histogram, randomised_pit
from tr300m.model.likelihood.distributions import make_likelihood

with job(snakemake.log[0]):
    likelihood = make_likelihood(**read_json(snakemake.input.record)["likelihood"])
    with np.load(snakemake.input.predictions) as saved:
        observed, raw = saved["observed"], saved["raw"]
    pit = randomised_pit(likelihood, observed, raw, snakemake.params.seed)
    write_tsv(snakemake.output.table, calibration_table(likelihood, observed, raw, pit))
    write_tsv(snakemake.output.pit, pit_histogram(pit, snakemake.params.bins))
    write_tsv(snakemake.output.coverage, coverage_curve(pit))
