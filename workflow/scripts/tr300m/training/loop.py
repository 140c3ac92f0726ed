"""The training loop: optimiser steps in the pair order, with progress, history and checkpoints."""

import dataclasses
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..base.progress import bar, log
from ..base.types import Ints
from ..dataset.pair_order import Order
from .backends.stepper import Stepper
from .batches import Feed
from .checkpoints import Checkpoints
from .config import ComputeConfig, TrainingConfig
from .early_stopping import BestWeights, best_epoch

_T = TypeVar("_T")
SECONDS_PER_CALL = 4.0
"""Calls of the compiled loop take about this long, so that the progress is updated."""


@dataclass
class Position:
    """The progress of a training: what a checkpoint holds in addition to the stepper's state.

    Parameters
    ----------
    pair_state
        State of the pair order after the last step.
    device
        Name of the device that took the last step.
    step
        Number of steps taken.
    seconds
        Seconds of training over all attempts, without the time lost between the last checkpoint and a kill.
    losses, step_seconds
        Loss of each step of the current epoch, and the seconds that these steps took.
    rows
        Rows of the history, one per finished epoch.
    resumed
        Steps at which a killed run resumed.
    """

    pair_state: int
    device: str
    step: int = 0
    seconds: float = 0.0
    losses: list[float] = field(default_factory=list)
    step_seconds: float = 0.0
    rows: list[dict[str, float]] = field(default_factory=list)
    resumed: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class _Call:
    """Pairs [step, batch, 2] of one call, their rows on the device, and the state of the pair order after them."""

    pairs: Ints
    uploaded: Any
    pair_state: int


class TrainingLoop:
    """A training in progress.

    Parameters
    ----------
    name
        Name of the run, for messages.
    stepper, feed, order
        The compiled steps, the source of their rows, and the order of the pairs.
    training, compute
        Settings of the optimisation and of the machine.
    device
        Name of the device that takes the steps.
    steps_per_call
        Largest number of steps per call.
    checkpoints
        Where checkpoints are written; None writes none.
    describe_batch
        Function that writes the pairs [batch, 2] of a step with a loss that is not finite to a file, and returns its
        path.
    """

    def __init__(
        self,
        name: str,
        stepper: Stepper,
        feed: Feed,
        order: Order,
        training: TrainingConfig,
        compute: ComputeConfig,
        *,
        device: str,
        steps_per_call: int,
        checkpoints: Checkpoints | None,
        describe_batch: Callable[[Ints], Path],
    ) -> None:
        self.name, self.stepper, self.feed, self.order = name, stepper, feed, order
        self.training, self.compute, self.checkpoints = training, compute, checkpoints
        self.steps_per_call, self.describe_batch = steps_per_call, describe_batch
        self.position = Position(order.state, device)
        self.best = BestWeights(training.early_stopping, {})
        self._steps_now = 1

    def resume(self) -> None:
        """Restore the newest intact checkpoint, if there is one."""
        if self.checkpoints is None:
            return
        if stale := self.checkpoints.stale():
            log(f"{self.name}: ignoring stale checkpoints, which have other inputs: {', '.join(map(str, stale))}")
        found = self.checkpoints.load()
        if found is None:
            return
        arrays, record = found
        self.stepper.restore(self.best.take_from(arrays))
        before, device = Position(**record), self.position.device
        log(f"{self.name}: resumes from its checkpoint of step {before.step:,}")
        if before.device != device:
            log(f"{self.name}: the checkpoint is from {before.device}; the weights may differ in their last digits")
        self.position = dataclasses.replace(before, device=device, resumed=[*before.resumed, before.step])
        self.order.state = before.pair_state

    def run(self, steps: int, figures: Callable[[], dict[str, float]]) -> list[dict[str, float]]:
        """Train up to step `steps`, or until early stopping; return the rows of the history.

        With early stopping the stepper then has the weights of the best epoch.

        Parameters
        ----------
        steps
            Total number of steps, including those before a resumption.
        figures
            Function that returns the columns computed from predictions, called at the end of an epoch.

        Raises
        ------
        TR300MError
            If a loss is not finite.
        """
        at, size = self.position, self.training.epoch_steps
        self.stepper.compile(self.feed.rows(np.zeros((0, self.training.batch_size, 2), np.int64)))
        begun = time.monotonic() - at.seconds
        saved, calls = time.monotonic(), 0
        with bar(steps, self.name, "step") as meter:
            meter.initial = meter.n = at.step
            while at.step < steps and not self.best.stops(at.rows):
                last = min((at.step // size + 1) * size, steps)
                for call in ahead(self._calls(at.step, last)):
                    seconds = self._take(call)
                    calls += 1
                    if calls == 2:
                        # The first call also allocates memory that later calls reuse.
                        left = _duration(seconds * (steps - at.step))
                        log(f"{self.name}: {seconds:.3g} s per step, about {left} left")
                    meter.set_description_str(self._progress(seconds), refresh=False)
                    meter.update(len(call.pairs))
                    at.seconds = time.monotonic() - begun
                    if at.step == last:
                        at.rows.append(self._row(figures()))
                        at.losses, at.step_seconds = [], 0.0
                        self._keep_best()
                    if at.step < steps and self._due(saved):
                        self._save()
                        saved = time.monotonic()
        if self.best.arrays:
            self.stepper.restore(self.stepper.state() | self.best.arrays)
        return at.rows

    def kept_step(self) -> int:
        """Return the step after which the weights were that the training ends with."""
        rows = self.position.rows
        return int(rows[best_epoch(rows) - 1]["step"]) if self.best.arrays else self.position.step

    def _keep_best(self) -> None:
        if self.best.patience:
            self.best.update(self.position.rows, self.stepper.state())
            if self.best.stops(self.position.rows):
                at, kept = self.position.step, self.kept_step()
                log(f"{self.name}: stops at step {at:,} and keeps the weights of step {kept:,}")

    def _calls(self, first: int, last: int) -> Iterator[_Call]:
        """Prepare the calls of the steps from `first` to `last`; none extends beyond the next checkpoint."""
        every = self.compute.checkpoint_steps
        while first < last:
            count = min(self._steps_now, last - first)
            if every:
                count = min(count, every - first % every)
            yield self._prepare(count)
            first += count

    def _prepare(self, count: int) -> _Call:
        size = self.training.batch_size
        pairs = self.order.take(count * size).reshape(count, size, 2)
        return _Call(pairs, self.stepper.upload(self.feed.rows(pairs)), self.order.state)

    def _take(self, call: _Call) -> float:
        """Take the steps of a call; return the seconds per step."""
        at, count = self.position, len(call.pairs)
        begun = time.monotonic()
        losses = self.stepper.run(call.uploaded)
        seconds = time.monotonic() - begun
        bad = np.flatnonzero(~np.isfinite(losses))
        if len(bad):
            raise self._not_finite(at.step + int(bad[0]) + 1, float(losses[bad[0]]), call.pairs[bad[0]])
        at.step += count
        at.pair_state = call.pair_state
        at.losses += losses.tolist()
        at.step_seconds += seconds
        self._steps_now = int(np.clip(SECONDS_PER_CALL * count / seconds, 1, self.steps_per_call))
        return seconds / count

    def _progress(self, seconds: float) -> str:
        recent = np.mean(self.position.losses[-self.steps_per_call :])
        return f"{self.name}: loss {recent:.4f}, {self.training.batch_size / seconds:,.0f} pairs/s"

    def _row(self, figures: dict[str, float]) -> dict[str, float]:
        at = self.position
        rate = len(at.losses) * self.training.batch_size / at.step_seconds
        row = {
            "epoch": len(at.rows) + 1,
            "step": at.step,
            "seconds": round(at.seconds, 1),
            "loss": float(np.mean(at.losses)),
            **figures,
            "learning_rate": self.training.learning_rate,
            "pairs_per_second": round(rate, 1),
        }
        log(
            f"{self.name}: step {at.step:,}, loss {row['loss']:.4f}, validation loss {row['val_loss']:.4f}, validation "
            f"log Pearson {row['val_log_pearson']:.3f}"
        )
        return row

    def _due(self, saved: float) -> bool:
        if self.checkpoints is None:
            return False
        every = self.compute.checkpoint_steps
        minutes = (time.monotonic() - saved) / 60
        return bool(every and self.position.step % every == 0) or minutes >= self.compute.checkpoint_minutes

    def _save(self) -> None:
        assert self.checkpoints is not None
        arrays = self.stepper.state() | self.best.stored()
        self.checkpoints.save(self.position.step, arrays, dataclasses.asdict(self.position))

    def _not_finite(self, step: int, loss: float, pairs: Ints) -> TR300MError:
        files = [] if self.checkpoints is None else self.checkpoints.files()
        good = f"the last checkpoint before it is {files[0]}" if files else "there is no checkpoint before it"
        batch = self.describe_batch(pairs)
        return TR300MError(
            f"run {self.name}: the loss of step {step:,} is {loss}; its batch is in {batch}; {good}",
            "lower the learning rate; check the expression and level arrays for values that are not finite",
        )


def ahead(items: Iterator[_T]) -> Iterator[_T]:
    """Yield the items of an iterator, preparing each on a thread while the previous one is in use."""
    with ThreadPoolExecutor(1) as thread:
        following = thread.submit(next, items, None)
        while (item := following.result()) is not None:
            following = thread.submit(next, items, None)
            yield item


def _duration(seconds: float) -> str:
    hours, minutes = divmod(round(seconds / 60), 60)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def predict_pairs(stepper: Stepper, feed: Feed, pairs: Ints, batch_size: int) -> NDArray[np.float32]:
    """Return raw outputs [pair, n_outputs] of the model in training for pairs [pair, 2], without dropout."""
    raw = []
    for first in range(0, len(pairs), batch_size):
        batch = pairs[first : first + batch_size]
        # The last batch is padded with its first pairs, because another size would be compiled again.
        full = np.resize(batch, (batch_size, 2))
        raw.append(stepper.predict(feed.rows(full))[: len(batch)])
    return np.concatenate(raw)
