"""Effect of each regulator's level on the predictions of a trained network; see `level_shifts`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..base.progress import log
from ..base.types import Floats, Ints
from ..features.scan_cache import ScanTable, check_scan, scan_genes
from ..model import devices
from .level_shifts import changes_by_regulator, compact
from .predict import load_run, predict_raw

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset


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
    log(f"{Path(run_folder).name}: {len(pairs)} pairs, on {devices.device_name(threads)}")
    genes, samples, few = compact(pairs)
    small = dataset.take_genes(genes).take_samples(samples)
    if scan is None:
        # Scan once, not for every regulator.
        core = dataset.core if architecture.core else None
        scan = scan_genes(small.onehot, dataset.pssm, core, config.schedule, both_strands=architecture.both_strands)
    else:
        scan = ScanTable(scan.pooled[genes], scan.core[genes])

    def predicted(changed: "Dataset") -> Floats:
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

    return changes_by_regulator(dataset, small, pairs, predicted)
