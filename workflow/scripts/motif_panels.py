"""Draw the panels of the thesis's Appendix B and the learnt kernel."""

import numpy as np
from tr300m.base.files import read_json, read_tsv
from tr300m.base.job import job
from tr300m.motif_detection.kernel import Match, probabilities

with job(snakemake.log[0]):
    # Matplotlib is imported inside the job, with the user's settings put aside.
    from tr300m.motif_detection.figures import detection_panels
    from tr300m.results.figures.canvas import save

    learnt = read_json(snakemake.input.metrics)["kernel"]
    history = {name: column.astype(float) for name, column in read_tsv(snakemake.input.history).items()}
    with np.load(snakemake.input.predictions) as saved:
        figure = detection_panels(
            history,
            saved["target"],
            saved["count"],
            saved["success"],
            probabilities(saved["kernels"][learnt["index"]]),
            learnt["planted"],
            Match(learnt["offset"], learnt["matching_letters"]),
        )
    save(figure, snakemake.output.svg, snakemake.output.png)
