"""Draw the four panels of the thesis's Appendix D for one run."""

import numpy as np
from tr300m.figures import run_panels, save
from tr300m.io import read_json, read_tsv
from tr300m.job import job

with job(snakemake.log[0]):
    record = read_json(snakemake.input.record)
    kind = "simulated data" if snakemake.params.simulated else "GTEx v8"
    with np.load(snakemake.input.predictions) as saved:
        figure = run_panels(
            saved["truth"],
            saved["median"],
            read_tsv(snakemake.input.history),
            title=f"{snakemake.wildcards.run}: {record['architecture']['label']}",
            subtitle=f"{record['steps']:,} steps, seed {record['seed']}, {kind}",
        )
    save(figure, snakemake.output.svg, snakemake.output.png)
