"""How often observed TPM is inside the quantiles that another program predicted."""

import numpy as np
from tr300m.base.files import write_tsv
from tr300m.base.job import job
from tr300m.metrics.quantile_coverage import quantile_coverage

with job(snakemake.log[0]):
    with np.load(snakemake.input.predictions) as saved:
        found = quantile_coverage(saved["observed"], saved["quantiles"], saved["probabilities"])
    write_tsv(snakemake.output.coverage, found)
