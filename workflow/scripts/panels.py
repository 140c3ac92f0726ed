"""Draw the four panels of the thesis's Appendix D for one run."""

import numpy as np
from tr300m.io import read_json, read_tsv
from tr300m.job import job
from tr300m.thesis_curves import read_thesis_curves

with job(snakemake.log[0]):
    # Matplotlib is imported inside the job, with the user's settings put aside.
    from tr300m.figures import data_name, save
    from tr300m.panels import run_panels

    record = read_json(snakemake.input.record)
    kind = data_name(snakemake.params.simulated)
    with np.load(snakemake.input.predictions) as saved:
        figure = run_panels(
            saved["truth"],
            saved["median"],
            read_tsv(snakemake.input.history),
            title=f"{snakemake.wildcards.run}: {record['architecture']['label']}",
            subtitle=f"{record['steps']:,} steps, seed {record['seed']}, {kind}",
            thesis=read_thesis_curves(snakemake.input.thesis).get(snakemake.params.thesis_run),
        )
    save(figure, snakemake.output.svg, snakemake.output.png)
