"""Many optimiser steps in one call of compiled code, with one module per backend."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ...base.errors import TR300MError
from ...model.devices import BACKEND, keras, ops
from ...model.likelihood.distributions import Likelihood
from ..batches import BatchRows, Feed

State = dict[str, NDArray[Any]]
"""Trained weights, seed generators of the dropout and optimiser variables, named GROUP.NUMBER."""


class Stepper(Protocol):
    """A model in training.

    `rows` are those of a `Feed`, with leading axes [step, batch] for `run` and [batch] for `predict`.
    """

    def compile(self, rows: BatchRows) -> None:
        """Compile, given the rows of no step [0, batch, ...], so that the first call is not slower than the others."""
        ...

    def upload(self, rows: BatchRows) -> Any:
        """Copy rows [step, batch, ...] to the device; it may run on another thread than `run`."""
        ...

    def run(self, uploaded: Any) -> NDArray[np.float32]:
        """Take one optimiser step per batch; return the losses [step]."""
        ...

    def predict(self, rows: BatchRows) -> NDArray[np.float32]:
        """Return raw outputs [batch, n_outputs], without dropout."""
        ...

    def state(self) -> State:
        """Return a copy of everything that a step changes."""
        ...

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore a state.

        Raises
        ------
        TR300MError
            If the state is of another model, optimiser or backend.
        """
        ...

    def update_model(self) -> None:
        """Copy the trained weights to the Keras model, so that they can be saved."""
        ...


def make_stepper(
    model: keras.Model,
    likelihood: Likelihood,
    optimizer: keras.optimizers.Optimizer,
    feed: Feed,
    *,
    batch_size: int,
    steps_per_call: int,
    devices: int = 1,
    xla: bool = False,
    fused: bool | None = None,
) -> Stepper:
    """Compile the steps of a training for the backend of this process.

    Parameters
    ----------
    model, likelihood, optimizer
        Model to train, output distribution for the loss, and optimiser.
    feed
        Source of the batches.
    batch_size, steps_per_call
        Pairs per step, and largest number of steps per call.
    devices
        Number of devices that a batch is divided among (JAX only).
    xla
        Whether TensorFlow compiles the step with XLA; JAX always uses XLA.
    fused
        Whether JAX runs the steps of a call as one compiled loop; None does so only on a GPU. TensorFlow always does.
    """
    optimizer.build(model.trainable_variables)
    if BACKEND == "jax":
        from .jax import JaxStepper

        return JaxStepper(model, likelihood, optimizer, feed, steps_per_call, devices, fused)
    from .tensorflow import TensorFlowStepper

    return TensorFlowStepper(model, likelihood, optimizer, feed, batch_size, xla)


def batch_loss(likelihood: Likelihood, observed: Any, raw: Any) -> Any:
    """Return the mean negative log likelihood (nat) of a batch, a float32 scalar tensor."""
    return ops.mean(likelihood.nll(observed, raw))


def variables(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> dict[str, list[Any]]:
    """Return all variables that a step changes; the non-trainable ones of the model are the seed generators."""
    return {
        "trained": model.trainable_variables,
        "generators": model.non_trainable_variables,
        "optimizer": optimizer.variables,
    }


def name_state(groups: Mapping[str, Sequence[Any]]) -> State:
    """Return the values of groups of variables or tensors as arrays, named GROUP.NUMBER."""
    return {
        f"{group}.{k}": np.array(ops.convert_to_numpy(value))
        for group, values in groups.items()
        for k, value in enumerate(values)
    }


def check_state(state: Mapping[str, NDArray[Any]], expected: State) -> None:
    """Check that a state has the expected names, shapes and types.

    Raises
    ------
    TR300MError
        If it differs in one of them.
    """
    for name in sorted(state.keys() | expected.keys()):
        found, needed = (f"{x[name].dtype}{list(x[name].shape)}" if name in x else "missing" for x in (state, expected))
        if found != needed:
            raise TR300MError(
                f"the checkpoint is of another model or backend: {name} is {found}, expected {needed}",
                "delete the checkpoint to start again",
            )
