"""Speed of a trained network at edited promoters, at full size, on arrays and weights that this script makes itself.

    python benchmarks/use.py                          # edits and variants
    python benchmarks/use.py edits
    python benchmarks/use.py variants --promoters 1000 --variants 10000

`edits` predicts edits of one promoter in one context in two ways, in one process: patched (`NetworkModel`), and as
whole promoters (scan, pooling and network), and says how much the raw numbers differ. `variants` scores a VCF of
random variants, a fifth of them indels, in promoters of a random chromosome, as `tr300m variants` does. Weights are
random; the motifs are JASPAR's. Set OMP_NUM_THREADS to limit NumPy's threads.
"""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from tr300m.arrays.genes import windows  # noqa: E402
from tr300m.arrays.genome import Genome  # noqa: E402
from tr300m.arrays.motifs import CORE_WIDTH, TF_WIDTH, human_profiles, kernels  # noqa: E402
from tr300m.arrays.sequence import onehot_windows  # noqa: E402
from tr300m.base.axes import RELEASE_TRACKS, Donors, Genes, Motifs, Regulators, Samples, Tracks  # noqa: E402
from tr300m.config.architectures import Architecture  # noqa: E402
from tr300m.dataset.dataset import Dataset  # noqa: E402
from tr300m.dataset.splits import Split  # noqa: E402
from tr300m.evaluation.predict import TrainedRun, predict_raw  # noqa: E402
from tr300m.model import devices  # noqa: E402, F401 (sets the backend, before Keras is imported)
from tr300m.model.inputs import own_units  # noqa: E402
from tr300m.model.likelihood.distributions import make_likelihood  # noqa: E402
from tr300m.model.network import NetworkConfig, build_model  # noqa: E402
from tr300m.training.run_record import peak_memory_mb  # noqa: E402
from tr300m.use.contexts import Contexts, in_contexts  # noqa: E402
from tr300m.use.network_model import NetworkModel  # noqa: E402
from tr300m.use.predictor import Predictor  # noqa: E402
from tr300m.use.variants import score_variants  # noqa: E402
from tr300m.use.vcf import Vcf  # noqa: E402

MOTIFS, CORE_MOTIFS, REGULATORS, SAMPLES, TISSUES = 1072, 13, 2765, 8, 54
SPACING = 10_000
"""Base pairs from one gene to the next."""
PATCHED, WHOLE = 512, 32
"""Edits measured in each way."""


def write_chromosome(path: Path, genes: int) -> str:
    """Write a random chromosome that holds so many genes; return its bases."""
    rng = np.random.default_rng(0)
    bases = "".join(rng.choice(list("ACGT"), (genes + 1) * SPACING))
    path.write_text(f">chr1\n{bases}\n")
    return bases


def drawn_dataset(fasta: Path, genes: int) -> Dataset:
    """Return a dataset of genes of the chromosome."""
    rng = np.random.default_rng(1)

    def names(letter: str, count: int) -> NDArray[np.str_]:
        return np.array([f"{letter}{number}" for number in range(count)])

    tss, strand = SPACING * np.arange(1, genes + 1), rng.choice(["+", "-"], genes)
    start, end = windows(tss, strand, "release")
    table = Genes(
        names("G", genes), names("G", genes), np.full(genes, "chr1"), strand, tss, start, end, np.full(genes, ""), tss
    )
    motif_map = (rng.random((REGULATORS, MOTIFS)) < 0.001).astype(np.uint8)
    levels = rng.gamma(0.5, 10.0, (SAMPLES, REGULATORS)).astype(np.float32)
    onehot = onehot_windows(fasta, table)

    def axis(letter: str, count: int) -> Motifs:
        return Motifs(names(letter, count), names(letter, count), np.ones(count, np.int64), np.ones(count))

    return Dataset(
        folder=fasta.parent,
        genes=table,
        samples=Samples(names("S", SAMPLES), names("D", SAMPLES), np.full(SAMPLES, "T0")),
        regulators=Regulators(
            names("R", REGULATORS), names("R", REGULATORS), *np.full((2, REGULATORS), "chr2"), np.arange(REGULATORS)
        ),
        motifs=axis("M", MOTIFS),
        core_motifs=axis("E", CORE_MOTIFS),
        donors=Donors(names("D", SAMPLES), np.full(SAMPLES, "1"), np.full(SAMPLES, "60-69")),
        tracks=Tracks.of(RELEASE_TRACKS),
        tissues=tuple(names("T", TISSUES).tolist()),
        onehot=onehot,
        expression=np.ones((genes, SAMPLES), np.float32),
        regulator_levels=levels,
        motif_map=motif_map,
        tf_levels=levels @ motif_map.astype(np.float32),
        tissue=np.eye(TISSUES, dtype=np.uint8)[np.zeros(SAMPLES, np.int64)],
        histones=np.broadcast_to(np.float32(1), (*onehot.shape[:2], len(RELEASE_TRACKS))),
        pssm=kernels(human_profiles()[: MOTIFS - 1], TF_WIDTH, spare=1),
        core=rng.normal(size=(CORE_WIDTH, 4, CORE_MOTIFS)),
        manifest={"constants": {"histone_mean": 1.0, "tss_mean": 1.0, "expression_median": 1.0}},
    )


def write_variants(path: Path, bases: str, genes: int, count: int) -> None:
    """Write a VCF of variants spread evenly over the promoters of a chromosome."""
    rng = np.random.default_rng(2)
    lines = ["##fileformat=VCFv4.2", "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"]
    for number in range(count):
        position = SPACING * (1 + number % genes) + int(rng.integers(-40, 41))
        ref = bases[position - 1]
        alt = "ACGT"[("ACGT".index(ref) + 1) % 4]
        if number % 10 == 0:
            alt = ref + alt * 3
        elif number % 10 == 1:
            ref, alt = bases[position - 1 : position + 3], ref
        lines.append(f"chr1\t{position}\t.\t{ref}\t{alt}\t.\t.\t.")
    path.write_text("\n".join(lines) + "\n")


def network(dataset: Dataset, key: str) -> NetworkModel:
    """Return a network of full size with the weights that it starts from."""
    architecture, config = Architecture.from_key(key), NetworkConfig()
    likelihood = make_likelihood("nb_exponential")
    model = build_model(architecture, dataset, config=config, scanned=True, n_outputs=likelihood.n_outputs, seed=1)
    return NetworkModel.of(
        key, TrainedRun(model, architecture, config, likelihood, own_units(dataset, architecture)), dataset
    )


def timed(function: Callable[[], Any]) -> tuple[Any, float, float]:
    """Return what a function returns, and its wall and CPU time in seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = function()
    return found, time.perf_counter() - wall, time.process_time() - cpu


def edits(model: NetworkModel, query: Dataset) -> None:
    """Print how many edits a second either way predicts."""
    rng, native = np.random.default_rng(3), np.asarray(query.onehot[0])
    edited = np.repeat(native[None], PATCHED, axis=0)
    edited[np.arange(PATCHED), rng.integers(len(native), size=PATCHED)] = np.eye(4)[rng.integers(4, size=PATCHED)]
    few = replace(query.take_genes(np.zeros(WHOLE, np.int64)), onehot=edited[:WHOLE])
    pairs = np.stack([np.arange(WHOLE), np.zeros(WHOLE, np.int64)], axis=1)

    def whole() -> NDArray[np.float32]:
        return predict_raw(model.run.model, few, model.run.architecture, pairs, units=model.run.units)

    scorer, start, start_cpu = timed(lambda: model.at(query, 0))
    # What is called for the first time is compiled.
    scorer(edited)
    whole()
    patched, fast, fast_cpu = timed(lambda: scorer(edited))
    expected, slow, slow_cpu = timed(whole)
    print("| edits of one promoter, one context | edits | wall, s | CPU, s | edits/s | edits/s of CPU |")
    print("|---|---|---|---|---|---|")
    for name, count, seconds, cpu in (("patched", PATCHED, fast, fast_cpu), ("whole", WHOLE, slow, slow_cpu)):
        print(f"| {name} | {count} | {seconds:.2f} | {cpu:.2f} | {count / seconds:.0f} | {count / cpu:.0f} |")
    ratio, cpu_ratio = (slow / WHOLE) / (fast / PATCHED), (slow_cpu / WHOLE) / (fast_cpu / PATCHED)
    apart = np.abs(patched[:WHOLE, 0] - expected).max()
    print(f"\nPatched is {ratio:.1f} times as fast ({cpu_ratio:.1f} by CPU); the first scan takes {start:.2f} s "
          f"({start_cpu:.2f} s of CPU); raw numbers differ by {apart:.1e} at most.")  # fmt: skip


def variants(model: NetworkModel, dataset: Dataset, fasta: Path, vcf: Path, count: int) -> None:
    """Print how long a VCF takes."""
    none = np.empty(0, np.int64)
    predictor = Predictor((model,), dataset, Split("none", none, none, none, none))
    contexts = Contexts.of_samples(dataset, ["S0"])
    with Genome(fasta) as genome:
        scored, wall, cpu = timed(lambda: score_variants(predictor, Vcf.open(vcf), genome, contexts))
    print(f"\n{count:,} variants in {len(dataset.genes):,} promoters, one context: {wall:.0f} s, {cpu:.0f} s of CPU; "
          f"{'; '.join(scored.notes)}")  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", default=["edits", "variants"], help="edits, variants; both by default")
    parser.add_argument("--architecture", default="seq_tf")
    parser.add_argument("--promoters", type=int, default=1_000)
    parser.add_argument("--variants", type=int, default=10_000)
    options = parser.parse_args()
    print(f"{platform.machine()}, {os.cpu_count()} cores, NumPy {np.__version__}, {options.architecture}\n")
    with TemporaryDirectory() as folder:
        fasta, vcf = Path(folder, "genome.fa"), Path(folder, "variants.vcf")
        bases = write_chromosome(fasta, options.promoters)
        dataset = drawn_dataset(fasta, options.promoters)
        model = network(dataset, options.architecture)
        if "edits" in options.sections:
            edits(model, in_contexts(dataset.take_genes(np.zeros(1, np.int64)), Contexts.of_samples(dataset, ["S0"])))
        if "variants" in options.sections:
            write_variants(vcf, bases, options.promoters, options.variants)
            variants(model, dataset, fasta, vcf, options.variants)
    print(f"Largest memory: {peak_memory_mb() / 1e3:.1f} GB")


if __name__ == "__main__":
    main()
