"""Train the motif detection, and write its metrics and what its kernel has learnt."""

from tr300m.base.job import job
from tr300m.model.backend import use_backend

with job(snakemake.log[0]):
    # Before anything imports Keras.
    use_backend(snakemake.resources.backend, device=snakemake.resources.device)

    from tr300m.base.array_files import save_arrays
    from tr300m.base.files import write_json, write_tsv
    from tr300m.model.devices import set_threads
    from tr300m.motif_detection.detector import MotifConfig, detect, medians, parameters, summary

    set_threads(snakemake.threads)
    config = MotifConfig.from_dict(snakemake.params.settings)
    detection = detect(config)
    write_tsv(snakemake.output.history, detection.history)
    count, success = parameters(detection.raw)
    arrays = {"target": detection.target, "count": count, "success": success, "median": medians(detection.raw)}
    save_arrays(snakemake.output.predictions, arrays | {"kernels": detection.kernels})
    write_json(snakemake.output.metrics, summary(config, detection))
