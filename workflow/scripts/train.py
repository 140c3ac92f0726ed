"""Train one run."""

from pathlib import Path

from tr300m.base.job import job
from tr300m.model.backend import use_backend

with job(snakemake.log[0]):
    # Before anything imports Keras.
    use_backend(snakemake.resources.backend, device=snakemake.resources.device)

    from tr300m.config.architectures import Architecture
    from tr300m.config.run_options import OF_TRAINING, options_among
    from tr300m.dataset.dataset import Dataset
    from tr300m.dataset.splits import Split
    from tr300m.features.scan_cache import ScanTable
    from tr300m.model.likelihood.distributions import make_likelihood
    from tr300m.model.network import NetworkConfig
    from tr300m.training.config import ComputeConfig, TrainingConfig
    from tr300m.training.train import train

    row = snakemake.params.run
    dataset = Dataset.open(Path(snakemake.input.manifest).parent)
    folder = Path(snakemake.output.weights).parent

    train(
        dataset,
        Split.read(snakemake.input.split, dataset.genes, dataset.samples),
        Architecture(**snakemake.params.architecture),
        make_likelihood(row["likelihood"], **snakemake.params.likelihood),
        NetworkConfig.from_dict(snakemake.params.network),
        TrainingConfig.from_dict(
            snakemake.params.training | options_among(row["options"], OF_TRAINING) | {"threads": snakemake.threads}
        ),
        seed=row["seed"],
        steps=row["steps"],
        out=folder,
        compute=ComputeConfig(
            gpu=snakemake.resources.device == "gpu",
            devices=max(1, snakemake.resources.gpu),
            arrays=snakemake.resources.arrays,
            xla=snakemake.resources.xla == "on",
            checkpoint_minutes=float(snakemake.resources.checkpoint_minutes),
            checkpoint_steps=snakemake.resources.checkpoint_steps,
        ),
        scan=ScanTable.open(Path(snakemake.input.scan[0]).parent) if row["scan"] == "cached" else None,
        control=row["control"],
        run=row["run"],
        code=snakemake.params.code,
        checkpoints=Path(snakemake.resources.checkpoints) / row["run"],
    )
