"""Where the model runs: Keras and its backend, CPU threads, GPUs and memory.

The package takes Keras from here and nowhere else: this module settles the backend and keeps TensorFlow's start-up
messages (CPU features, missing CUDA) off stderr, where they bury the workflow's own lines.
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


BACKEND = use_backend()
"""What Keras runs on in this process: ``tensorflow`` or ``jax``."""
# 2 hides all but errors. Without a GPU, "no CUDA device" is an error to TensorFlow, not to us.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2" if GPU_NODE.exists() else "3")
# TensorFlow ignores that level for what it says while it is being imported.
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
    # On GPUs that have it, products of float32 are taken in TF32.
    "tensorflow": {"tensor_float_32": True, "jit": ""},
}
"""Settings of Keras and of each backend that all results are made with: their defaults."""


def numerics() -> dict[str, Any]:
    """Return the settings that numbers depend on, of Keras and of the backend, as they are in this process.

    Raises
    ------
    TR300MError
        If one is not as in `PINNED`: something has set it from within this process.
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
                f"{name} is {found[name]!r} in this process; results are made with {value!r}",
                "start a new process, in which tr300m is imported before Keras and nothing sets it",
            )
    return found


def cores() -> int:
    """Count the processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def set_threads(threads: int) -> int:
    """Fix the number of CPU threads; results are repeatable for one number only.

    Parameters
    ----------
    threads
        0 leaves the backend's choice: one per core.

    Returns
    -------
    int
        The number in use.

    Raises
    ------
    TR300MError
        If the backend already runs with another number.
    """
    if threads == 0:
        return cores()
    if not (_jax_threads if BACKEND == "jax" else _tensorflow_threads)(threads):
        raise TR300MError(
            f"{label()} already runs, and not with {threads} threads",
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
        # Operations run one after the other, each on all threads: the order of sums stays the same.
        config.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        return False
    return True


def _jax_threads(threads: int) -> bool:
    # JAX has no public question for this; its thread pools read NPROC when the first array is made.
    from jax._src import xla_bridge

    if xla_bridge.backends_are_initialized():
        return os.environ.get("NPROC") == str(threads)
    os.environ["NPROC"] = str(threads)
    return True


def gpu_names() -> list[str]:
    """Names of the GPUs that the backend sees, in its order."""
    if BACKEND == "jax":
        import jax

        return [str(device.device_kind) for device in jax.devices() if device.platform == "gpu"]
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    return [tf.config.experimental.get_device_details(gpu).get("device_name", "unknown GPU") for gpu in gpus]


def require_gpu() -> None:
    """Check that a GPU is there, for runs that were asked to use one.

    Raises
    ------
    TR300MError
        If the backend sees none.
    """
    if not gpu_names():
        raise TR300MError(
            f"a GPU was asked for, and {label()} sees none",
            "check nvidia-smi and CUDA_VISIBLE_DEVICES, and install the extra `gpu`",
        )


def require_devices(count: int, batch_size: int) -> None:
    """Check that a batch can be shared out over `count` devices.

    Raises
    ------
    TR300MError
        If there are fewer, the backend cannot use several, or the batch does not divide.
    """
    if count == 1:
        return
    if BACKEND != "jax":
        raise TR300MError(
            f"{count} devices were asked for; {label()} trains on one here", "set `compute: backend: jax`"
        )
    import jax

    if len(jax.devices()) < count:
        raise TR300MError(f"{count} devices were asked for, and JAX sees {len(jax.devices())}", "lower `compute: gpus`")
    if batch_size % count:
        raise TR300MError(
            f"a batch of {batch_size} pairs does not divide over {count} devices",
            "change batch_size or `compute: gpus`",
        )


def device_name(threads: int, count: int = 1) -> str:
    """Name what will be used: ``GPU 0: NVIDIA A100``, ``CPU, 2 threads`` or, of several, ``4 x NVIDIA A100``."""
    names = gpu_names()
    name = f"GPU 0: {names[0]}" if names else f"CPU, {threads} thread{'s' if threads > 1 else ''}"
    return name if count == 1 else f"{count} x {names[0] if names else name}"


def free_memory() -> int | None:
    """Bytes free for arrays where the model runs, or None where nobody says.

    On a GPU that TensorFlow drives: nine tenths of its memory, because TensorFlow takes all of it when it starts. On
    the CPU: what the system calls available; a limit set on the process's group alone is not seen.
    """
    if not gpu_names():
        return _available(MEMINFO)
    if BACKEND == "jax":
        import jax

        stats = jax.devices()[0].memory_stats() or {}
        return stats["bytes_limit"] - stats["bytes_in_use"] if "bytes_limit" in stats else None
    command = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits", "--id=0"]
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
    """Largest use of the first GPU's memory by this process, MB (2^20 bytes); None on a CPU."""
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
    """Name of the backend as its makers write it."""
    return {"tensorflow": "TensorFlow", "jax": "JAX"}[BACKEND]
