"""What `benchmarks/models.py` measures, each in a process of its own: gene features, fits, steps of the two towers."""

import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))
GENES, SAMPLES, LENGTH, TRACKS, MOTIFS, FLANK = 19_786, 17_382, 2823, 21, 1072, 10_000
REGULATORS, JASPAR_REGULATORS = 2765, 860
DRAWN = 64
"""Genes that are drawn; larger arrays repeat them."""
PACKAGE, WHOLE_KERNELS = "package", "whole kernels"


class Repeated:
    """Rows of an array over and over again, copied when they are read, as from a file."""

    def __init__(self, rows: NDArray[Any], length: int) -> None:
        self.rows, self.shape = rows, (length, *rows.shape[1:])

    def __getitem__(self, index: slice) -> NDArray[Any]:
        """Return a range of rows."""
        found: NDArray[Any] = self.rows[np.arange(*index.indices(self.shape[0])) % len(self.rows)]
        return found


def drawn_dataset(genes: int) -> Any:
    """Return what gene features read of a dataset of `genes` genes."""
    from tr300m.arrays.genes import windows
    from tr300m.arrays.motifs import TF_WIDTH, human_profiles, kernels
    from tr300m.arrays.wide import mark_bins
    from tr300m.base.axes import Genes

    rng = np.random.default_rng(0)
    rows: dict[str, NDArray[Any]] = {
        "onehot": np.eye(4, dtype=np.float16)[rng.integers(4, size=(DRAWN, LENGTH))],
        "histones": rng.gamma(0.5, 2.0, (DRAWN, LENGTH, TRACKS)).astype(np.float32),
        "wide_bases": rng.integers(4, size=(DRAWN, 2 * FLANK + 1)).astype(np.uint8),
    }
    bins = mark_bins([250, 500, 750, 1000, 1500, 2000, 3000, 4500, 6500, 10_000, 15_000, 20_000])
    rows["wide_marks"] = rng.gamma(0.5, 2.0, (DRAWN, len(bins), TRACKS)).astype(np.float32)
    text, tss = np.full(genes, "+"), np.full(genes, 50_000)
    return SimpleNamespace(
        genes=Genes(text, text, text, text, tss, *windows(tss, text, "release"), text, tss),
        bins=bins,
        pssm=kernels(human_profiles()[: MOTIFS - 1], TF_WIDTH, spare=1),
        **{name: Repeated(block, genes) for name, block in rows.items()},
    )


def whole_kernels(dataset: Any, genes: slice) -> NDArray[np.float32]:
    """Return the motif maxima of both strands by the scan of the networks: all 35 columns of every kernel."""
    from tr300m.features.motif_scan import pooled_scan

    onehot = dataset.onehot[genes]
    strands = (pooled_scan(x, dataset.pssm, ((LENGTH, LENGTH),))[:, 0] for x in (onehot, onehot[:, ::-1, ::-1]))
    return np.maximum(np.maximum(*strands), 0)


def measure_feature(row: Mapping[str, Any]) -> dict[str, Any]:
    """Measure one way to a gene feature in this process, and scale its time to all genes."""
    from tr300m.features import gene_features as module
    from tr300m.training.run_record import peak_memory_mb

    dataset = drawn_dataset(row["genes"])
    if row["way"] == WHOLE_KERNELS:
        module.FEATURES[row["feature"]] = whole_kernels
    wall, cpu = time.perf_counter(), time.process_time()
    found = module.gene_features(dataset, row["feature"])
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    scale = GENES / row["genes"]
    return {
        "cpu": cpu * scale,
        "wall": wall * scale,
        "columns": found.shape[1],
        "result": found.nbytes * scale / 1e9,
        "peak": peak_memory_mb() / 1e3,
    }


FIT_COLUMNS = {"smooth_marks": 504, "wide_composition": 40, "wide_kmers": 2048, "kmers": 2080, "motif_maxima": MOTIFS}


def measure_fit(row: Mapping[str, Any]) -> dict[str, Any]:
    """Fit a model to random expression of a share of the genes and samples, and predict the validation part."""
    from tr300m.dataset.splits import Split
    from tr300m.factorised.fit import fit
    from tr300m.model.likelihood.zero_lognormal_mixture import ZeroLognormalMixture
    from tr300m.training.run_record import peak_memory_mb

    genes, samples = round(GENES * row["genes"]), round(SAMPLES * row["samples"])
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        expression = np.lib.format.open_memmap(f"{folder}/e.npy", "w+", np.float32, (genes, samples))
        drawn = rng.gamma(0.3, 30.0, 4_000_000).astype(np.float32)
        for gene in range(genes):
            start = int(rng.integers(len(drawn) - samples))
            expression[gene] = drawn[start : start + samples] * np.float32(gene % 7)
        # Read-only, as a dataset is opened: the pages that were written do not count.
        expression.flush()
        expression = np.load(f"{folder}/e.npy", mmap_mode="r")
        tissue = rng.integers(54, size=samples)
        dataset: Any = SimpleNamespace(
            genes=_Sized(
                genes,
                gene_id=np.array([f"G{gene}" for gene in range(genes)]),
                merged=np.full(genes, ""),
                chromosome=np.array([f"chr{gene * 22 // genes}" for gene in range(genes)]),
                cluster=np.arange(genes),
            ),
            samples=_Sized(samples, donor_id=rng.integers(948, size=samples).astype(str), tissue=tissue.astype(str)),
            regulators=SimpleNamespace(gene_id=np.array([f"R{number}" for number in range(REGULATORS)])),
            expression=expression,
            regulator_levels=rng.gamma(0.5, 10.0, (samples, REGULATORS)).astype(np.float32),
            motif_map=_one_regulator_each(rng),
            tissue=np.eye(54, dtype=np.uint8)[tissue],
        )
        features = {name: rng.random((genes, width), np.float32) for name, width in FIT_COLUMNS.items()}
        held_genes, held_samples = np.arange(0, genes, 10), np.arange(0, samples, 10)
        split = Split("thesis", held_genes, held_genes[:0], held_samples, held_samples[:0])
        wall, cpu = time.perf_counter(), time.process_time()
        model = fit(
            dataset,
            split,
            features,
            model=row["model"],
            likelihood=ZeroLognormalMixture(),
            seed=0,
            train_towers=_train_few_steps if row["model"] == "two_tower" else None,
        )
        fitted, fitted_cpu = time.perf_counter() - wall, time.process_time() - cpu
        wall = time.perf_counter()
        model.predict(dataset, split.pairs("validation"), features)
        predicted = time.perf_counter() - wall
    return {"fit": fitted, "cpu": fitted_cpu, "predict": predicted, "peak": peak_memory_mb() / 1e3}


def _one_regulator_each(rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a map of regulators and motifs [regulator, motif]: the motifs are of about 640 regulators, as JASPAR's."""
    found = np.zeros((REGULATORS, MOTIFS), np.uint8)
    found[rng.integers(JASPAR_REGULATORS, size=MOTIFS), np.arange(MOTIFS)] = 1
    return found


class _Sized:
    """Columns of an axis with a length, as `fit` reads them."""

    def __init__(self, size: int, **columns: NDArray[Any]) -> None:
        self.size = size
        self.__dict__.update(columns)

    def __len__(self) -> int:
        return self.size


PASSES, TOWER_STEPS = 20, 60
"""Passes over all pairs; steps on blocks before the timed ones, three times as many as timed steps of the networks."""
GENE_COLUMNS, SAMPLE_COLUMNS = 1240, 654
"""Columns of the feature maps at full size."""
TRAINED = 0.9
"""Share of genes and of samples that train, of those that no part holds out."""


def _train_few_steps(residuals: Any, aside: Any, steps: int, seed: int) -> Any:
    """Train the towers for some steps, also where none helps: what a fit needs beside them is measured then."""
    from tr300m.training.tower_training import train_towers

    towers = train_towers(residuals, aside, TOWER_STEPS, seed)
    return replace(towers, inner_errors=np.array([[0, 1.0], [TOWER_STEPS, 0.0]]))


def measure_step(row: Mapping[str, Any]) -> dict[str, Any]:
    """Measure a step of the towers on a backend, one of the networks, or a whole fit with few steps."""
    if row["way"] == "network":
        from train_step import run_row

        settings = {"backend": "tensorflow", "architecture": "seq_tf_core_hm", "row": "cached", "precision": "float32"}
        size = {"genes": 1000, "samples": SAMPLES, "batch": 128, "steps": TOWER_STEPS // 3, "steps_per_call": 1}
        cpu = time.process_time()
        found = run_row({**settings, **size, "xla": False})
        # Of loading and compiling too, and of two measurements of the machine: at most this much is of a step.
        cpu = (time.process_time() - cpu) / (TOWER_STEPS // 3 + 1)
        return {"pairs": 128, "seconds": found["seconds"], "cpu": cpu, "peak": found["memory_gb"]}
    from tr300m.model.backend import use_backend

    use_backend(row["way"] if row["way"] != "fit" else "tensorflow", device="cpu")
    from tr300m.factorised.residuals import Residuals
    from tr300m.model.devices import set_threads
    from tr300m.model.two_tower import TowerConfig
    from tr300m.training.run_record import peak_memory_mb
    from tr300m.training.tower_training import train_towers

    set_threads(row["threads"])
    if row["way"] == "fit":
        return measure_fit({"model": "two_tower", "genes": row["share"], "samples": 1.0})
    rng = np.random.default_rng(0)
    genes, samples = round(GENES * TRAINED * row["share"]), round(SAMPLES * TRAINED)
    fifth_genes, fifth_samples = genes // 5, samples // 5
    missed = np.resize(rng.normal(size=1_000_003).astype(np.float16), (genes, samples))
    x, z = rng.normal(size=(genes, GENE_COLUMNS)), rng.normal(size=(samples, SAMPLE_COLUMNS))
    given = Residuals(x[fifth_genes:], z[fifth_samples:], missed[fifth_genes:, fifth_samples:])
    aside = Residuals(x[:fifth_genes], z[:fifth_samples], missed[:fifth_genes, :fifth_samples])
    config = TowerConfig(patience=1_000_000)
    block = config.block_genes * config.block_samples
    few, many = TOWER_STEPS, PASSES * GENES * SAMPLES // block if row["whole"] else 3 * TOWER_STEPS
    seconds, cpu = {}, {}
    # The first training also loads and compiles; evaluations are those of a training of all genes.
    for steps in (1, few, many):
        begun, cpu_begun = time.perf_counter(), time.process_time()
        train_towers(given, aside, steps, 0, config)
        seconds[steps], cpu[steps] = time.perf_counter() - begun, time.process_time() - cpu_begun
    return {
        "pairs": block,
        "seconds": (seconds[many] - seconds[few]) / (many - few),
        "cpu": (cpu[many] - cpu[few]) / (many - few),
        "peak": peak_memory_mb() / 1e3,
    }
