"""What a good figure looks like, metric by metric."""

import numpy as np
from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.dataset.data_identity import identify
from tr300m.results.report.reading_guide import guide_table, mean_error
from tr300m.results.thesis_results import read_thesis
from tr300m.results.write_table import write_table

with job(snakemake.log[0]):
    data = identify(read_json(snakemake.input.manifest))
    baselines = {}
    for name, metrics, path in zip(
        snakemake.params.names, snakemake.input.metrics, snakemake.input.predictions, strict=True
    ):
        with np.load(path) as saved:
            baselines[name] = read_json(metrics) | {"crps": mean_error(saved["observed"], saved["median"])}
    write_table(
        snakemake.output.tsv,
        snakemake.output.markdown,
        guide_table(baselines, read_thesis(snakemake.input.thesis)),
        notes=[
            "In percent, CRPS in TPM. The constant is the global median. The gene's own training mean reads the "
            "held-out genes' expression in training samples, which no run is given; it is no upper bound. Both, and "
            "the best baseline fitted without a neural network (for each metric the best one on these pairs), are of "
            "this configuration's validation pairs; the thesis's best is that of its seven architectures"
            f"{data.caveat}."
        ],
        simulated=data.simulated,
        words=True,
    )
