"""Fit one factorised model."""

import time
from pathlib import Path

from tr300m.base.array_files import read_named
from tr300m.base.files import write_json
from tr300m.base.job import job
from tr300m.config.factorised_models import FACTORISED
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.permutations import apply_control
from tr300m.dataset.splits import Split
from tr300m.factorised.fit import fit
from tr300m.features.controlled_features import controlled_features
from tr300m.model.backend import use_backend
from tr300m.model.likelihood.distributions import make_likelihood, settings_of
from tr300m.training.run_record import fit_record, peak_memory_mb

with job(snakemake.log[0]):
    started, given, chosen = time.monotonic(), snakemake.input, snakemake.params
    row = chosen.run
    dataset = apply_control(Dataset.open(Path(given.manifest).parent), row["control"], row["seed"])
    features = read_named(given.features)
    train_towers, keras = None, {}
    if FACTORISED[row["architecture"]].towers:
        # Before anything imports Keras, which no other factorised model needs.
        backend = use_backend(snakemake.resources.backend, device="cpu")

        from tr300m.model.devices import numerics, set_threads
        from tr300m.training.tower_training import train_towers

        set_threads(snakemake.threads)
        keras = {"backend": backend, "numerics": numerics()}
    likelihood = make_likelihood(row["likelihood"], **chosen.likelihood)
    model = fit(
        dataset,
        Split.read(given.split, dataset.genes, dataset.samples),
        controlled_features(dataset, features, row["control"]),
        model=row["architecture"],
        likelihood=likelihood,
        seed=row["seed"],
        train_towers=train_towers,
    )
    model.save(snakemake.output.model)
    record = fit_record(
        row, chosen.architecture, settings_of(likelihood), list(features), dataset.manifest, chosen.code
    )
    cost = {
        "threads": snakemake.threads,
        "wall_seconds": round(time.monotonic() - started, 1),
        "peak_memory_mb": round(peak_memory_mb()),
    }
    if model.towers is not None:
        keras["kept_step"] = model.towers.kept_step
    write_json(snakemake.output.record, record | keras | cost)
