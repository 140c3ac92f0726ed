"""Remove environment variables that would change a result, so that results depend on the configuration alone.

Keras, JAX, TensorFlow, oneDNN, CUDA and Matplotlib read settings from the environment and from files in the home folder
when they are imported. Two functions must therefore be called first: `set_numerics` before Keras is imported
(`model.backend.use_backend`), `set_drawing` at the start of a job, before Matplotlib is imported (`job.job`). They
affect only this process and its children.
"""

import os
from pathlib import Path

NUMERICAL = (
    "JAX_",
    "KERAS_",
    "TF_",
    "XLA_FLAGS",
    "DNNL_",
    "ONEDNN_",
    "NVIDIA_TF32_OVERRIDE",
    "CUBLAS_WORKSPACE_CONFIG",
)
"""Prefixes of variables that change numbers; `KEPT` lists the exceptions."""
KEPT = (
    # The device; the backend is set by `model.backend.use_backend`.
    "JAX_CUDA_VISIBLE_DEVICES",
    "JAX_PLATFORM",
    "KERAS_BACKEND",
    # The cache of compiled programs.
    "JAX_COMPILATION_CACHE_DIR",
    # Messages.
    "TF_CPP_",
    # Memory.
    "TF_FORCE_GPU_ALLOW_GROWTH",
    "TF_GPU_ALLOCATOR",
)
KEPT_FLAGS = ("--xla_dump_", "--xla_force_host_platform_device_count=", "--xla_gpu_cuda_data_dir=")
"""Prefixes of the flags in XLA_FLAGS that change no number: devices, the folder of CUDA, dumps for developers."""
NO_FOLDER = f"{os.devnull}/keras"
"""A folder that cannot exist, so that Keras neither reads nor writes settings."""


def set_numerics() -> None:
    """Remove settings that change numbers, such as TF_ENABLE_ONEDNN_OPTS, JAX_ENABLE_X64, ``~/.keras/keras.json``."""
    flags = [flag for flag in os.environ.get("XLA_FLAGS", "").split() if flag.startswith(KEPT_FLAGS)]
    for name in list(os.environ):
        if name.startswith(NUMERICAL) and not name.startswith(KEPT):
            del os.environ[name]
    if flags:
        os.environ["XLA_FLAGS"] = " ".join(flags)
    os.environ["KERAS_HOME"] = NO_FOLDER


def set_drawing() -> None:
    """Replace Matplotlib's backend, which may belong to a notebook, and ignore its settings file."""
    os.environ["MPLBACKEND"] = "agg"
    # An empty file: Matplotlib would warn about an invalid settings file in every job.
    os.environ["MATPLOTLIBRC"] = os.devnull


def import_in_jobs(folder: Path) -> None:
    """Let the jobs of this process import the package from `folder`.

    Snakemake appends the folder of a script to the search path: an installed package would be found first.
    """
    search = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    os.environ["PYTHONPATH"] = os.pathsep.join(search)
