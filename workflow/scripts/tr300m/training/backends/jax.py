"""Training steps on JAX: a compiled loop over Keras's stateless API, on one device or shared out over several."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec
from numpy.typing import NDArray

from ...model.devices import keras
from ...model.likelihood.distributions import Likelihood
from ..batches import BatchRows, Feed
from .stepper import State, batch_loss, check_state, name_state, variables


class JaxStepper:
    """See `Stepper`; the state is a tuple of lists that each call takes and returns.

    On a GPU the steps of a call are one compiled loop. With several devices, the batch is divided among them and
    everything else is copied to each, as in `keras.distribution.DataParallel`; the compiler adds the sums over devices.
    """

    def __init__(
        self,
        model: keras.Model,
        likelihood: Likelihood,
        optimizer: keras.optimizers.Optimizer,
        feed: Feed,
        steps_per_call: int,
        count: int,
        fused: bool | None = None,
    ) -> None:
        self._model = model
        self._capacity = steps_per_call
        # On a CPU, loops compiled by XLA are several times slower than single steps.
        self._fused = jax.default_backend() != "cpu" if fused is None else fused
        self._mesh = keras.distribution.DataParallel(
            devices=keras.distribution.list_devices()[:count]
        ).device_mesh.backend_mesh
        self._tables = self._everywhere(dict(feed.tables))
        self._groups = list(variables(model, optimizer))
        self._state: tuple[list[Any], ...]
        self._set([[np.asarray(v.value) for v in values] for values in variables(model, optimizer).values()])

        def loss_of(trained: Any, generators: Any, inputs: Any, observed: Any) -> tuple[Any, Any]:
            raw, generators = model.stateless_call(trained, generators, inputs, training=True)
            return batch_loss(likelihood, observed, raw), generators

        def step(state: Any, tables: Any, rows: Any) -> tuple[Any, Any]:
            trained, generators, adam = state
            inputs, observed = feed.batch(tables, rows)
            (loss, generators), gradients = jax.value_and_grad(loss_of, has_aux=True)(
                trained, generators, inputs, observed
            )
            trained, adam = optimizer.stateless_apply(adam, gradients, trained)
            return (list(trained), list(generators), list(adam)), loss

        def loop(state: Any, tables: Any, rows: Any, count: Any) -> tuple[Any, Any]:
            def one(k: Any, carry: Any) -> Any:
                state, losses = carry
                state, loss = step(state, tables, {name: x[k] for name, x in rows.items()})
                return state, losses.at[k].set(loss)

            # The rows are padded to one length, so that another number of steps is not compiled again.
            return jax.lax.fori_loop(0, count, one, (state, jnp.zeros(self._capacity, jnp.float32)))

        def forward(state: Any, tables: Any, rows: Any) -> Any:
            trained, generators, _ = state
            return model.stateless_call(trained, generators, feed.batch(tables, rows)[0], training=False)[0]

        # The state is overwritten in place.
        self._loop = jax.jit(loop, donate_argnums=0)
        self._step: Any = jax.jit(step, donate_argnums=0)
        self._forward = jax.jit(forward)

    def compile(self, rows: BatchRows) -> None:
        """Compile the loop by running no step, or compile the single step."""
        if self._fused:
            self.run(self.upload(rows))
            return
        layout = NamedSharding(self._mesh, _spec(self._mesh.axis_names[0]))
        batch = {name: jax.ShapeDtypeStruct(x.shape[1:], x.dtype, sharding=layout) for name, x in rows.items()}  # type: ignore[no-untyped-call]
        self._step = self._step.lower(self._state, self._tables, batch).compile()

    def upload(self, rows: BatchRows) -> tuple[Any, int]:
        """Copy rows to the devices, in the form that `run` takes; also return the number of steps."""
        count = len(next(iter(rows.values())))
        if self._fused:
            return {name: self._shared(_fill_up(x, self._capacity), axis=1) for name, x in rows.items()}, count
        return [{name: self._shared(x[k], axis=0) for name, x in rows.items()} for k in range(count)], count

    def run(self, uploaded: tuple[Any, int]) -> NDArray[np.float32]:
        """Take one step per batch; return the losses [step]."""
        rows, count = uploaded
        if self._fused:
            self._state, losses = self._loop(self._state, self._tables, rows, np.int32(count))
            return np.asarray(losses)[:count]
        found = []
        for batch in rows:
            self._state, loss = self._step(self._state, self._tables, batch)
            found.append(loss)
        return np.array(found, np.float32)

    def predict(self, rows: BatchRows) -> NDArray[np.float32]:
        """Return raw outputs of a batch, without dropout."""
        shared = {name: self._shared(x, axis=0) for name, x in rows.items()}
        return np.asarray(self._forward(self._state, self._tables, shared), np.float32)

    def state(self) -> State:
        """Return a copy of everything that a step changes."""
        return name_state(dict(zip(self._groups, self._state, strict=True)))

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Restore a state."""
        check_state(state, self.state())
        self._set(
            [
                [state[f"{group}.{k}"] for k in range(len(values))]
                for group, values in zip(self._groups, self._state, strict=True)
            ]
        )

    def update_model(self) -> None:
        """Copy the trained weights into the model's variables."""
        for variable, value in zip(self._model.trainable_variables, self._state[0], strict=True):
            variable.assign(np.asarray(value))

    def _set(self, groups: list[list[NDArray[Any]]]) -> None:
        # Copy the arrays, because the buffers are donated and the device may share those of NumPy.
        self._state = tuple(self._everywhere([np.array(x) for x in values]) for values in groups)

    def _everywhere(self, arrays: Any) -> Any:
        return jax.device_put(arrays, NamedSharding(self._mesh, _spec()))

    def _shared(self, x: NDArray[Any], axis: int) -> Any:
        return jax.device_put(x, NamedSharding(self._mesh, _spec(*[None] * axis, self._mesh.axis_names[0])))


def _spec(*axes: str | None) -> PartitionSpec:
    return PartitionSpec(*axes)  # type: ignore[no-untyped-call]


def _fill_up(x: NDArray[Any], length: int) -> NDArray[Any]:
    """Return `x` padded along its first axis; the padding is never read."""
    if len(x) == length:
        return x
    filled = np.zeros((length, *x.shape[1:]), x.dtype)
    filled[: len(x)] = x
    return filled
