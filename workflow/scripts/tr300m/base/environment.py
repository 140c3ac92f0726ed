"""Environment variables that would change a result are put aside: a result follows from the configuration alone.

Keras, JAX, TensorFlow, oneDNN, CUDA and Matplotlib read settings from the environment and from files in the home folder
while they are imported. Both functions therefore act before that: `set_numerics` before Keras (`backend.use_backend`),
`set_drawing` at the start of a job, before Matplotlib (`job.job`). They change this process alone, and what it starts.
"""

import os

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
"""How the names of variables begin that change numbers, with the exceptions of `KEPT`."""
KEPT = (
    # Where it runs; the backend is settled by `backend.use_backend`.
    "JAX_CUDA_VISIBLE_DEVICES",
    "JAX_PLATFORM",
    "KERAS_BACKEND",
    # Compiled programs on disk.
    "JAX_COMPILATION_CACHE_DIR",
    # Messages.
    "TF_CPP_",
    # Memory.
    "TF_FORCE_GPU_ALLOW_GROWTH",
    "TF_GPU_ALLOCATOR",
)
KEPT_FLAGS = ("--xla_dump_", "--xla_force_host_platform_device_count=", "--xla_gpu_cuda_data_dir=")
"""Of XLA_FLAGS: where it runs, where CUDA lies, and what is written for a developer."""
NO_FOLDER = f"{os.devnull}/keras"
"""There can be no such folder: Keras reads no settings from it, and writes none."""


def set_numerics() -> None:
    """Put aside what changes numbers, such as TF_ENABLE_ONEDNN_OPTS, JAX_ENABLE_X64 and ``~/.keras/keras.json``."""
    flags = [flag for flag in os.environ.get("XLA_FLAGS", "").split() if flag.startswith(KEPT_FLAGS)]
    for name in list(os.environ):
        if name.startswith(NUMERICAL) and not name.startswith(KEPT):
            del os.environ[name]
    if flags:
        os.environ["XLA_FLAGS"] = " ".join(flags)
    os.environ["KERAS_HOME"] = NO_FOLDER


def set_drawing() -> None:
    """Put aside Matplotlib's backend, which may be one of a notebook and not installed here, and its settings file."""
    os.environ["MPLBACKEND"] = "agg"
    # An empty file. Figures do not depend on it (`theme.looks`), but a faulty one would be complained of in every job.
    os.environ["MATPLOTLIBRC"] = os.devnull
