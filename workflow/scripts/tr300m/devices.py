"""Where the model runs: backend defaults, thread counts, the device's name.

The package takes Keras from here and nowhere else: this module makes TensorFlow the default backend and keeps
TensorFlow's start-up messages (CPU features, missing CUDA) off stderr, where they bury the workflow's own lines.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import TR300MError

GPU_NODE = Path("/dev/nvidiactl")


@contextmanager
def _stderr_off() -> Iterator[None]:
    """Send what C++ code writes to stderr nowhere; Python exceptions pass."""
    sys.stderr.flush()
    saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


os.environ.setdefault("KERAS_BACKEND", "tensorflow")
# 2 hides all but errors. Without a GPU, "no CUDA device" is an error to TensorFlow, not to us.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2" if GPU_NODE.exists() else "3")
# TensorFlow ignores that level for what it says while it is being imported.
with _stderr_off():
    import keras as keras
    from keras import ops as ops


def tensorflow() -> Any:
    """Return the tensorflow module.

    Raises
    ------
    TR300MError
        If Keras runs on another backend.
    """
    if keras.backend.backend() != "tensorflow":
        raise TR300MError(
            f"this step runs on TensorFlow, and KERAS_BACKEND is {keras.backend.backend()}",
            "unset KERAS_BACKEND, or set it to tensorflow",
        )
    import tensorflow as tf

    return tf


def cores() -> int:
    """Count the processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def set_threads(threads: int) -> int:
    """Fix the number of CPU threads of TensorFlow; results are repeatable for one number only.

    Parameters
    ----------
    threads
        0 leaves TensorFlow's choice: one per core.

    Returns
    -------
    int
        The number in use.

    Raises
    ------
    TR300MError
        If TensorFlow already runs with another number.
    """
    if threads == 0:
        return cores()
    config = tensorflow().config.threading
    if config.get_intra_op_parallelism_threads() != threads:
        try:
            config.set_intra_op_parallelism_threads(threads)
            # Operations run one after the other, each on all threads: the order of sums stays the same.
            config.set_inter_op_parallelism_threads(1)
        except RuntimeError:
            raise TR300MError(
                f"TensorFlow already runs, and not with {threads} threads",
                "start a new process, or ask for the same number of threads throughout",
            ) from None
    return threads


def gpu_names() -> list[str]:
    """Names of the GPUs that TensorFlow sees, in its order."""
    config = tensorflow().config
    gpus = config.list_physical_devices("GPU")
    return [config.experimental.get_device_details(gpu).get("device_name", "unknown GPU") for gpu in gpus]


def require_gpu() -> None:
    """Check that a GPU is there, for runs that were asked to use one.

    Raises
    ------
    TR300MError
        If TensorFlow sees none.
    """
    if not gpu_names():
        raise TR300MError(
            "a GPU was asked for, and TensorFlow sees none",
            "check nvidia-smi and CUDA_VISIBLE_DEVICES, and install the extra `gpu` (tensorflow[and-cuda])",
        )


def describe(threads: int) -> str:
    """Name the device that will be used: ``GPU 0: NVIDIA A100`` or ``CPU, 2 threads``."""
    names = gpu_names()
    return f"GPU 0: {names[0]}" if names else f"CPU, {threads} thread{'s' if threads > 1 else ''}"
