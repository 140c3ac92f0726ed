"""The loss of an output distribution and its gradient, on TensorFlow."""

# isort: off
# Before TensorFlow, whose messages it keeps off.
from tr300m.model import devices  # noqa: F401

# isort: on
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


def gradient(y: NDArray[Any], raw: NDArray[Any], likelihood: Any) -> tuple[NDArray[Any], NDArray[np.float64]]:
    tensor = tf.constant(raw, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        value = likelihood.nll(tf.constant(y, tf.float32), tensor)
    return value.numpy(), tape.gradient(value, tensor).numpy().astype(np.float64)
