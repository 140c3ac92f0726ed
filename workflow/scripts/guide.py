"""Table of how to read each metric."""

import numpy as np
from tr300m.base.files import read_json
from tr300m.base.job import job
from tr300m.dataset.data_identity import identify
from tr300m.results.report.reading_guide import GUIDE_NOTE, guide_table, mean_error
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
        notes=[f"{GUIDE_NOTE}{data.caveat}."],
        simulated=data.simulated,
        words=True,
    )
