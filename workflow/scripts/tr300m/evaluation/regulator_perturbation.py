"""Effect of each regulator's level on the predictions of a trained model.

For each regulator with a motif, its log1p TPM is set to its mean over samples minus one standard deviation, then to the
mean plus one, in the regulator's own column and in the levels of all its motifs; all other inputs stay unchanged. The
change per standard deviation is half the difference between the two predictions, log1p of the predicted mean TPM.
"""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..base.progress import log, progress
from ..base.types import Ints
from ..dataset.tf_levels import tf_levels
from ..features.scan_cache import ScanTable, check_scan, scan_genes
from ..model import devices
from .predict import load_run, predict_raw

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset

_Levels = NDArray[np.float32]
MOST_GENES, SAMPLES = 96, 2
"""Numbers of genes and samples that each regulator is evaluated on; they are few, so that it takes seconds."""


def perturbed_pairs(genes: Ints, samples: Ints, tissue: NDArray[np.str_]) -> Ints:
    """Choose the pairs to predict [pair, 2]: the first genes of a part, each in one sample of the first tissues.

    Parameters
    ----------
    genes, samples
        Genes and samples of the part, as indices into the dataset's axes.
    tissue
        Tissue of each sample of the dataset [sample].
    """
    _, first = np.unique(tissue[samples], return_index=True)
    chosen = samples[np.sort(first)[:SAMPLES]]
    return np.stack([np.tile(genes[:MOST_GENES], len(chosen)), np.repeat(chosen, min(len(genes), MOST_GENES))], axis=1)


def regulators_with_motif(names: NDArray[np.str_], motif_map: NDArray[Any]) -> list[str]:
    """Return the names of regulators that have a motif, each once, in the order of the axis."""
    return list(dict.fromkeys(names[np.any(motif_map, axis=1)].tolist()))


def shifted(levels: _Levels, columns: NDArray[np.bool_], mean: _Levels, spread: _Levels, by: float) -> _Levels:
    """Return TPM levels [sample, regulator] with some columns set to expm1(mean + by * spread) of their log1p.

    Parameters
    ----------
    levels
        Levels in TPM.
    columns
        Columns to set [regulator].
    mean, spread
        Mean and standard deviation of log1p TPM over samples [regulator].
    by
        Shift in standard deviations.
    """
    changed = np.array(levels, dtype=np.float32)
    changed[:, columns] = np.expm1(np.maximum(mean + by * spread, 0.0))[columns]
    return changed


def level_changes(
    dataset: "Dataset",
    pairs: Ints,
    run_folder: Path | str,
    *,
    scan: ScanTable | None = None,
    threads: int = 0,
) -> dict[str, NDArray[Any]]:
    """Return the change of a trained run's prediction for one standard deviation of each regulator's log level.

    Parameters
    ----------
    dataset
        Dataset that the pairs index.
    pairs
        Gene and sample indices [pair, 2].
    run_folder
        Folder of a trained run that reads levels.
    scan
        Cached scan, for runs that were trained on it; None scans now.
    threads
        CPU threads; 0 for one per core.

    Returns
    -------
    dict
        `gene`, `sample` [pair], `regulator` (names [regulator]) and `change` (float64 [regulator, pair], log1p TPM).

    Raises
    ------
    TR300MError
        If the run reads no levels, is incomplete or does not fit the dataset.
    """
    threads = devices.set_threads(threads)
    model, architecture, config, likelihood, units = load_run(run_folder, dataset)
    if not architecture.tf:
        raise TR300MError(f"{run_folder} reads no levels of regulators", "choose an architecture with tf")
    check_scan(scan, dataset, config.schedule, architecture.both_strands)
    names = regulators_with_motif(dataset.regulators.gene_name, dataset.motif_map)
    log(f"{Path(run_folder).name}: {len(names)} regulators, {len(pairs)} pairs, on {devices.device_name(threads)}")
    genes, samples, few = _compact(pairs)
    small = dataset.take_genes(genes).take_samples(samples)
    if scan is None:
        # Scan once, not for every regulator.
        core = dataset.core if architecture.core else None
        scan = scan_genes(small.onehot, dataset.pssm, core, config.schedule, both_strands=architecture.both_strands)
    else:
        scan = ScanTable(scan.pooled[genes], scan.core[genes])
    log_levels = np.log1p(dataset.regulator_levels)
    mean, spread = log_levels.mean(axis=0), log_levels.std(axis=0)

    def predicted(levels: _Levels) -> NDArray[np.float64]:
        changed = replace(small, regulator_levels=levels, tf_levels=tf_levels(levels, dataset.motif_map))
        raw = predict_raw(
            model,
            changed,
            architecture,
            few,
            units=units,
            schedule=config.schedule,
            scan=scan,
            genes_per_block=len(genes),
        )
        return np.log1p(likelihood.mean(raw))

    changes = []
    for name in progress(names, total=len(names), what="regulators", unit="regulator"):
        columns = dataset.regulators.gene_name == name
        low, high = (shifted(small.regulator_levels, columns, mean, spread, by) for by in (-1.0, 1.0))
        changes.append((predicted(high) - predicted(low)) / 2)
    return {"gene": pairs[:, 0], "sample": pairs[:, 1], "regulator": np.array(names), "change": np.array(changes)}


def _compact(pairs: Ints) -> tuple[Ints, Ints, Ints]:
    """Return the genes and the samples that occur in pairs, and the pairs as indices into these two."""
    genes, gene = np.unique(pairs[:, 0], return_inverse=True)
    samples, sample = np.unique(pairs[:, 1], return_inverse=True)
    return genes, samples, np.stack([gene, sample], axis=1)
