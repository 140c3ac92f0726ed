"""Keras and its backend, CPU threads, GPUs and memory.

This is the only module that imports Keras; all others import it from here. It chooses the backend first, and
suppresses the messages that TensorFlow prints to stderr when it starts (CPU features, missing CUDA).
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..base.errors import TR300MError
from .backend import use_backend

GPU_NODE = Path("/dev/nvidiactl")
MEMINFO = Path("/proc/meminfo")


@contextmanager
def _stderr_off() -> Iterator[None]:
    """Discard what C++ code writes to stderr; Python exceptions are raised as usual."""
    sys.stderr.flush()
    saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(nowhere)


BACKEND = use_backend()
"""Backend of Keras in this process: ``tensorflow`` or ``jax``."""
# Level 2 shows only errors. Without a GPU, level 3 also hides TensorFlow's error about a missing CUDA device.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2" if GPU_NODE.exists() else "3")
# TensorFlow ignores that level for messages during its import.
with _stderr_off():
    import keras as keras
    from keras import ops as ops


PINNED: dict[str, dict[str, Any]] = {
    "keras": {"floatx": "float32", "dtype_policy": "float32", "epsilon": 1e-7, "image_data_format": "channels_last"},
    "jax": {
        "jax_enable_x64": False,
        "jax_default_matmul_precision": None,
        "jax_default_prng_impl": "threefry2x32",
        "jax_threefry_partitionable": True,
        "jax_random_seed_offset": 0,
    },
    # On GPUs with TF32, products of float32 are computed in TF32.
    "tensorflow": {"tensor_float_32": True, "jit": ""},
}
"""Settings of Keras and of each backend for all results: their defaults."""


def numerics() -> dict[str, Any]:
    """Return the settings of Keras and of the backend that results depend on, as they are in this process.

    Raises
    ------
    TR300MError
        If one differs from `PINNED`, because code in this process has changed it.
    """
    config = keras.config
    found: dict[str, Any] = {
        "floatx": config.floatx(),
        "dtype_policy": config.dtype_policy().name,
        "epsilon": config.epsilon(),
        "image_data_format": config.image_data_format(),
    }
    if BACKEND == "jax":
        import jax

        found |= {name: getattr(jax.config, name) for name in PINNED["jax"]}
    else:
        import tensorflow as tf

        found["tensor_float_32"] = tf.config.experimental.tensor_float_32_execution_enabled()
        found["jit"] = tf.config.optimizer.get_jit()
    for name, value in (PINNED["keras"] | PINNED[BACKEND]).items():
        if found[name] != value:
            raise TR300MError(
                f"{name} is {found[name]!r} in this process, but results need {value!r}",
                "start a new process that imports tr300m before Keras and does not change this setting",
            )
    return found


def cores() -> int:
    """Count the processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def set_threads(threads: int) -> int:
    """Set the number of CPU threads; results are only reproducible with the same number.

    Parameters
    ----------
    threads
        Number of threads; 0 keeps the backend's default, one per core.

    Returns
    -------
    int
        Number of threads in use.

    Raises
    ------
    TR300MError
        If the backend already runs with another number.
    """
    if threads == 0:
        return cores()
    if not (_jax_threads if BACKEND == "jax" else _tensorflow_threads)(threads):
        raise TR300MError(
            f"{label()} already runs with another number of threads than {threads}",
            "start a new process, or ask for the same number of threads throughout",
        )
    return threads


def _tensorflow_threads(threads: int) -> bool:
    import tensorflow as tf

    config = tf.config.threading
    if config.get_intra_op_parallelism_threads() == threads:
        return True
    try:
        config.set_intra_op_parallelism_threads(threads)
        # Operations run one after another, each on all threads, so the order of sums does not change.
        config.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        return False
    return True


def _jax_threads(threads: int) -> bool:
    # JAX has no public setting for this; its thread pools read NPROC when the first array is created.
    from jax._src import xla_bridge

    if xla_bridge.backends_are_initialized():
        return os.environ.get("NPROC") == str(threads)
    os.environ["NPROC"] = str(threads)
    return True


def gpu_names() -> list[str]:
    """Return the names of the GPUs that the backend finds, in its order."""
    if BACKEND == "jax":
        import jax

        return [str(device.device_kind) for device in jax.devices() if device.platform == "gpu"]
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    return [tf.config.experimental.get_device_details(gpu).get("device_name", "unknown GPU") for gpu in gpus]


def require_gpu() -> None:
    """Check that a GPU is available, for runs that require one.

    Raises
    ------
    TR300MError
        If the backend finds none.
    """
    if not gpu_names():
        raise TR300MError(
            f"a GPU is required, but {label()} finds none",
            "check nvidia-smi and CUDA_VISIBLE_DEVICES, and install the extra `gpu`",
        )


def require_devices(count: int, batch_size: int) -> None:
    """Check that a batch can be divided among `count` devices.

    Raises
    ------
    TR300MError
        If there are fewer devices, the backend cannot use several, or the batch is not divisible by `count`.
    """
    if count == 1:
        return
    if BACKEND != "jax":
        raise TR300MError(f"{count} devices are required, but {label()} trains on one", "set `compute: backend: jax`")
    import jax

    if len(jax.devices()) < count:
        raise TR300MError(f"{count} devices are required, but JAX finds {len(jax.devices())}", "lower `compute: gpus`")
    if batch_size % count:
        raise TR300MError(
            f"a batch of {batch_size} pairs cannot be divided among {count} devices",
            "change batch_size or `compute: gpus`",
        )


def device_name(threads: int, count: int = 1) -> str:
    """Return the device's name: ``GPU 0: NVIDIA A100``, ``CPU, 2 threads`` or, for several, ``4 x NVIDIA A100``."""
    names = gpu_names()
    name = f"GPU 0: {names[0]}" if names else f"CPU, {threads} thread{'s' if threads > 1 else ''}"
    return name if count == 1 else f"{count} x {names[0] if names else name}"


def free_memory() -> int | None:
    """Return the free memory for arrays on the device, in bytes, or None if it is unknown.

    On a GPU with TensorFlow this is nine tenths of its memory, because TensorFlow reserves all of it when it starts. On
    a CPU it is the available memory of the system; limits of a container or a job are not considered.
    """
    if not gpu_names():
        return _available(MEMINFO)
    if BACKEND == "jax":
        import jax

        stats = jax.devices()[0].memory_stats() or {}
        return stats["bytes_limit"] - stats["bytes_in_use"] if "bytes_limit" in stats else None
    first = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
    command = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits", f"--id={first}"]
    try:
        found = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, timeout=60).stdout
        return int(found.split()[0]) * (1 << 20) * 9 // 10
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None


def _available(meminfo: Path) -> int | None:
    if not meminfo.is_file():
        return None
    fields = dict(line.split(":", 1) for line in meminfo.read_text("utf-8").splitlines() if ":" in line)
    return int(fields["MemAvailable"].split()[0]) << 10 if "MemAvailable" in fields else None


def peak_device_memory_mb() -> float | None:
    """Return the peak memory of this process on the first GPU, in MB (2^20 bytes); None on a CPU."""
    if not gpu_names():
        return None
    if BACKEND == "jax":
        import jax

        peak = (jax.devices()[0].memory_stats() or {}).get("peak_bytes_in_use")
    else:
        import tensorflow as tf

        peak = tf.config.experimental.get_memory_info("GPU:0")["peak"]
    return None if peak is None else peak / (1 << 20)


def label() -> str:
    """Return the name of the backend in its official spelling."""
    return {"tensorflow": "TensorFlow", "jax": "JAX"}[BACKEND]
