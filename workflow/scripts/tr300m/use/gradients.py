"""Gradients of a Keras model with respect to its inputs, on either backend."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..model.devices import BACKEND, keras

Gradients = Callable[[list[NDArray[Any]], NDArray[Any]], list[NDArray[np.float32]]]


def input_gradients(model: keras.Model, wanted: Sequence[int]) -> Gradients:
    """Return a compiled function that gives gradients of the outputs of a model.

    Parameters
    ----------
    model
        Model with a list of inputs; no row affects the output of another one.
    wanted
        Numbers of the inputs with respect to which gradients are taken.

    Returns
    -------
    callable
        Function of the inputs, each [row, ...], and of weights of the outputs [row, output]. It returns the gradients
        of the weighted sum of the outputs, with the shapes of the wanted inputs.
    """
    return _with_jax(model, wanted) if BACKEND == "jax" else _with_tensorflow(model, wanted)


def _with_jax(model: keras.Model, wanted: Sequence[int]) -> Gradients:
    import jax

    def total(some: list[Any], variables: Any, given: list[Any], weights: Any) -> Any:
        trained, others = variables
        given = list(given)
        for number, value in zip(wanted, some, strict=True):
            given[number] = value
        raw, _ = model.stateless_call(trained, others, given, training=False)
        return (raw * weights).sum()

    compiled = jax.jit(jax.grad(total))

    def gradients(inputs: list[NDArray[Any]], weights: NDArray[Any]) -> list[NDArray[np.float32]]:
        # Read in each call: a prediction in between moves the variables to new arrays.
        variables = (
            [variable.value for variable in model.trainable_variables],
            [variable.value for variable in model.non_trainable_variables],
        )
        found = compiled([inputs[number] for number in wanted], variables, inputs, weights.astype(np.float32))
        return [np.asarray(gradient) for gradient in found]

    return gradients


def _with_tensorflow(model: keras.Model, wanted: Sequence[int]) -> Gradients:
    import tensorflow as tf

    def slopes(inputs: list[Any], weights: Any) -> Any:
        watched = [inputs[number] for number in wanted]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(watched)
            total = tf.reduce_sum(model(inputs, training=False) * weights)
        return tape.gradient(total, watched)

    compiled = tf.function(slopes, autograph=False)

    def gradients(inputs: list[NDArray[Any]], weights: NDArray[Any]) -> list[NDArray[np.float32]]:
        tensors = [tf.convert_to_tensor(value) for value in inputs]
        return [np.asarray(gradient) for gradient in compiled(tensors, tf.constant(weights, tf.float32))]

    return gradients
