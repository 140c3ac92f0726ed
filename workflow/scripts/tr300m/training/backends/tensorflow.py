"""Training steps on TensorFlow: a compiled while loop over eager variables."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from ...model.devices import keras, ops
from ...model.likelihood.distributions import Likelihood
from ..batches import BatchRows, Feed
from .stepper import State, batch_loss, check_state, name_state, variables


class TensorFlowStepper:
    """See `Stepper`; the state is in the variables of the model and the optimiser."""

    def __init__(
        self,
        model: keras.Model,
        likelihood: Likelihood,
        optimizer: keras.optimizers.Optimizer,
        feed: Feed,
        batch_size: int,
        xla: bool,
    ) -> None:
        self._groups = variables(model, optimizer)
        self._tables = {name: tf.convert_to_tensor(table) for name, table in feed.tables.items()}

        def step(tables: Mapping[str, Any], rows: Mapping[str, Any]) -> Any:
            inputs, observed = feed.batch(tables, rows)
            with tf.GradientTape() as tape:
                loss = batch_loss(likelihood, observed, model(inputs, training=True))
            optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
            return loss

        one_step = tf.function(step, autograph=False, jit_compile=True) if xla else step

        def loop(tables: Mapping[str, Any], rows: Mapping[str, Any]) -> Any:
            count = tf.shape(next(iter(rows.values())))[0]
            losses = tf.TensorArray(tf.float32, size=count, element_shape=())
            _, losses = tf.while_loop(
                lambda k, _: k < count,
                lambda k, losses: (
                    k + 1,
                    losses.write(k, one_step(tables, {name: x[k] for name, x in rows.items()})),
                ),
                (0, losses),
                # Each step depends on the previous one, so parallel iterations would only cost memory.
                parallel_iterations=1,
            )
            return losses.stack()

        def forward(tables: Mapping[str, Any], rows: Mapping[str, Any]) -> Any:
            return model(feed.batch(tables, rows)[0], training=False)

        # The rows of no pair have the shapes and types of any rows.
        empty = feed.rows(np.zeros((0, batch_size, 2), np.int64))
        tables = {name: tf.TensorSpec(x.shape, x.dtype) for name, x in self._tables.items()}
        many = {name: tf.TensorSpec((None, *x.shape[1:]), x.dtype) for name, x in empty.items()}
        batch = {name: tf.TensorSpec(x.shape[1:], x.dtype) for name, x in empty.items()}
        self._loop = tf.function(loop, input_signature=[tables, many], autograph=False)
        self._forward = tf.function(forward, input_signature=[tables, batch], autograph=False)

    def compile(self, rows: BatchRows) -> None:
        """Compile by running no step."""
        self.run(self.upload(rows))

    def upload(self, rows: BatchRows) -> dict[str, Any]:
        """Convert rows [step, batch, ...] to tensors."""
        return {name: tf.convert_to_tensor(x) for name, x in rows.items()}

    def run(self, uploaded: Mapping[str, Any]) -> NDArray[np.float32]:
        """Take one step per batch; return the losses [step]."""
        return np.asarray(self._loop(self._tables, uploaded))

    def predict(self, rows: BatchRows) -> NDArray[np.float32]:
        """Return raw outputs of a batch, without dropout."""
        return np.asarray(ops.cast(self._forward(self._tables, self.upload(rows)), "float32"))

    def state(self) -> State:
        """Return a copy of everything that a step changes."""
        return name_state(self._groups)

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore a state."""
        check_state(state, self.state())
        for group, values in self._groups.items():
            for k, variable in enumerate(values):
                variable.assign(state[f"{group}.{k}"])

    def update_model(self) -> None:
        """Do nothing, because the variables of the model are the trained ones."""
