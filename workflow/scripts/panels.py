"""Draw the four panels of the thesis's Appendix D for one run."""

import numpy as np
from tr300m.base.files import read_json, read_tsv
from tr300m.base.job import job
from tr300m.dataset.data_identity import identify
from tr300m.results.thesis_curves import read_thesis_curves

with job(snakemake.log[0]):
    # Matplotlib is imported inside the job, with the user's settings put aside.
    from tr300m.results.figures.canvas import save
    from tr300m.results.figures.training_panels import run_panels

    data = identify(read_json(snakemake.input.manifest))
    # The thesis's curves are not comparable with other data.
    thesis = {} if data.unlike_release else read_thesis_curves(snakemake.input.thesis)
    record = read_json(snakemake.input.record)
    with np.load(snakemake.input.predictions) as saved:
        figure = run_panels(
            saved["observed"],
            saved["median"],
            read_tsv(snakemake.input.history),
            title=f"{snakemake.wildcards.run}: {record['architecture']['label']}",
            subtitle=f"{record['steps']:,} steps, seed {record['seed']}, {data.name}",
            thesis=thesis.get(snakemake.params.thesis_run),
        )
    save(figure, snakemake.output.svg, snakemake.output.png)
