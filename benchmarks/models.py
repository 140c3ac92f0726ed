"""Time and memory of what the models need, at the size of the release, on arrays that this script makes itself.

    python benchmarks/models.py                       # gene features, a share of the genes, scaled up
    python benchmarks/models.py features --full       # all 19,786 genes
    python benchmarks/models.py features --only motif_maxima motif_segments --threads 2
    python benchmarks/models.py bilinear --full       # from gene features to predictions, at four sizes
    python benchmarks/models.py two_tower --full      # steps on blocks beside a step of the networks; a whole fit

Every row is measured in a process of its own, one after the other, and printed when it is done. Arrays are random; the
motifs are JASPAR's, because the time depends on their widths. Columns:

- CPU, s and wall, s: of all genes; from a share of them, if "genes" is smaller. On a shared machine CPU time says more.
  It is the sum over threads, so wall is CPU over threads on an idle machine, at best;
- result, GB: of all genes; peak, GB: largest memory of the process, with the result of the measured genes only.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
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
FEATURE_ROWS = (
    ("composition", PACKAGE, 512),
    ("kmers", PACKAGE, 512),
    ("histone_means", PACKAGE, 512),
    ("wide_marks", PACKAGE, 4096),
    ("wide_composition", PACKAGE, 512),
    ("motif_maxima", WHOLE_KERNELS, 64),
    ("motif_maxima", PACKAGE, 512),
    ("motif_segments", PACKAGE, 512),
)
"""Gene features, the way to them, and the genes measured without --full. "whole kernels" is `whole_kernels` below."""


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


def in_a_process(section: str, row: Mapping[str, Any], threads: int) -> dict[str, Any]:
    """Measure one row in a process of its own."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    done = subprocess.run(
        [sys.executable, __file__, section, "--row", json.dumps(row)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=os.environ | dict.fromkeys(names, str(threads)),
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def print_row(cells: list[Any]) -> None:
    """Print a row of a Markdown table."""
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def features(options: argparse.Namespace) -> None:
    """Print a table of the gene features."""
    print_row(["feature", "way", "genes", "CPU, s", "wall, s", "columns", "result, GB", "peak, GB"])
    print_row(["---"] * 8)
    for name, way, share in FEATURE_ROWS:
        if options.only and name not in options.only:
            continue
        row = {"feature": name, "way": way, "genes": GENES if options.full else share}
        found = in_a_process("features", row, options.threads)
        seconds = [f"{found[kind]:.1f}" for kind in ("cpu", "wall")]
        memory = [f"{found['result']:.3f}", f"{found['peak']:.2f}"]
        print_row([name, way, f"{row['genes']:,}", *seconds, f"{found['columns']:,}", *memory])


FIT_SHARES = ((0.25, 1.0), (0.5, 1.0), (1.0, 0.25), (1.0, 1.0))
"""Shares of genes and samples that `bilinear` is measured at; without --full the last is left out."""
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


def bilinear(options: argparse.Namespace) -> None:
    """Print a table of fits and predictions of `bilinear` by size; gene features are made before."""
    print_row(["genes", "samples", "fit, s", "CPU of the fit, s", "predict a tenth x a tenth, s", "peak, GB"])
    print_row(["---"] * 6)
    for genes, samples in FIT_SHARES if options.full else FIT_SHARES[:-1]:
        found = in_a_process("bilinear", {"model": "bilinear", "genes": genes, "samples": samples}, options.threads)
        cells = [f"{found[name]:.1f}" for name in ("fit", "cpu", "predict")]
        print_row([f"{GENES * genes:,.0f}", f"{SAMPLES * samples:,.0f}", *cells, f"{found['peak']:.2f}"])


PASSES, TOWER_STEPS = 20, 60
"""Passes that are extrapolated to; steps on blocks that are timed, and those of the networks are a third as many."""
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
    seconds, cpu, config = {}, {}, TowerConfig(patience=1_000_000)
    # The first training also loads and compiles; evaluations are those of a training of all genes.
    for steps in (1, TOWER_STEPS, 3 * TOWER_STEPS):
        begun, cpu_begun = time.perf_counter(), time.process_time()
        train_towers(given, aside, steps, 0, config)
        seconds[steps], cpu[steps] = time.perf_counter() - begun, time.process_time() - cpu_begun
    return {
        "pairs": config.block_genes * config.block_samples,
        "seconds": (seconds[3 * TOWER_STEPS] - seconds[TOWER_STEPS]) / (2 * TOWER_STEPS),
        "cpu": (cpu[3 * TOWER_STEPS] - cpu[TOWER_STEPS]) / (2 * TOWER_STEPS),
        "peak": peak_memory_mb() / 1e3,
    }


def two_tower(options: argparse.Namespace) -> None:
    """Print a table of measured steps, with the time of 20 passes over all pairs extrapolated from it, and a fit."""
    share = 1.0 if options.full else 0.25
    print_row(["step", "pairs", "s", "CPU, s", "pairs a second", f"{PASSES} passes of all pairs, min", "peak, GB"])
    print_row(["---"] * 7)
    for way in ("network", "tensorflow", "jax"):
        found = in_a_process("two_tower", {"way": way, "share": share, "threads": options.threads}, options.threads)
        rate = found["pairs"] / found["seconds"]
        minutes = PASSES * GENES * SAMPLES / rate / 60
        seconds = [f"{found['seconds']:.4f}", f"{found['cpu']:.4f}"]
        cells = [f"{found['pairs']:,}", *seconds, f"{rate:,.0f}", f"{minutes:,.0f}"]
        print_row([way, *cells, f"{found['peak']:.2f}"])
    row = {"way": "fit", "share": share, "threads": options.threads}
    found = in_a_process("two_tower", row, options.threads)
    print(
        f"\nA fit of {share:.0%} of the genes, {TOWER_STEPS} steps: {found['fit']:.1f} s, peak {found['peak']:.2f} GB"
    )


SECTIONS: dict[str, tuple[Callable[[argparse.Namespace], None], Callable[[Mapping[str, Any]], dict[str, Any]]]] = {
    "features": (features, measure_feature),
    "bilinear": (bilinear, measure_fit),
    "two_tower": (two_tower, measure_step),
}
"""What is measured: the function that prints a table, and the one that measures a row of it in a process of its own."""


def main() -> None:
    """Measure and print the chosen sections."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", help=f"of {', '.join(SECTIONS)}; all if none is named")
    parser.add_argument("--full", action="store_true", help="all genes instead of a share")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=list(dict.fromkeys(row[0] for row in FEATURE_ROWS)),
        help="gene features to measure",
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--row", help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = set(options.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"no section {', '.join(sorted(unknown))}")
    if options.row:
        print(json.dumps(SECTIONS[options.sections[0]][1](json.loads(options.row))))
        return
    print(f"{platform.machine()}, {os.cpu_count()} cores, {options.threads} threads, NumPy {np.__version__}")
    for name in options.sections or SECTIONS:
        print(f"\n## {name}\n")
        SECTIONS[name][0](options)


if __name__ == "__main__":
    main()
