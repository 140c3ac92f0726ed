"""Choose the backend of Keras through the environment, before Keras is imported."""

import os
import sys
from importlib.util import find_spec

from ..base.environment import set_numerics
from ..base.errors import TR300MError

BACKENDS = ("tensorflow", "jax")


def use_backend(name: str | None = None, *, device: str = "auto") -> str:
    """Choose the backend of Keras for this process, and ignore the user's other settings of Keras and the backend.

    Call it before Keras is imported.

    Parameters
    ----------
    name
        ``tensorflow`` or ``jax``; None takes the environment variable KERAS_BACKEND, or TensorFlow.
    device
        ``cpu`` hides the GPUs, so that a run on the CPU does not reserve their memory; ``auto`` and ``gpu`` do not.

    Returns
    -------
    str
        Name of the backend.

    Raises
    ------
    TR300MError
        If the backend is unknown or not installed, or Keras already runs on another one.
    """
    name = name or os.environ.get("KERAS_BACKEND", BACKENDS[0])
    if name not in BACKENDS:
        raise TR300MError(f"the backend {name!r} is not known", f"choose {' or '.join(BACKENDS)}")
    if find_spec(name) is None:
        raise TR300MError(f"the backend {name} is not installed", f"pip install {name}, or choose another backend")
    if "keras" in sys.modules:
        running = sys.modules["keras"].backend.backend()
        if running != name:
            raise TR300MError(f"Keras already runs on {running}, not on {name}", "start a new process")
    set_numerics()
    os.environ["KERAS_BACKEND"] = name
    if device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
        os.environ["JAX_PLATFORMS"] = "cpu"
    return name
