"""How a model is trained, and on what: the two sections of settings of a training."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ..base.errors import TR300MError
from ..base.from_dict import from_dict
from ..dataset.pair_order import ORDERS
from .batches import PLACES


@dataclass(frozen=True)
class TrainingConfig:
    """How a model is trained; the defaults are the thesis's.

    Parameters
    ----------
    batch_size
        Pairs a step.
    learning_rate, beta_1, beta_2, epsilon
        Adam's.
    pair_order
        ``xorshift``, the thesis's, or ``uniform``.
    epoch_steps
        Steps between two rows of the history.
    curve_pairs
        Validation pairs, and as many training pairs, behind each row.
    steps_per_call
        Most steps in one call of the compiled loop; it changes no result.
    threads
        CPU threads, 0 for one per core.
    """

    batch_size: int = 128
    learning_rate: float = 1e-4
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-7
    pair_order: str = "xorshift"
    epoch_steps: int = 10_000
    curve_pairs: int = 4096
    steps_per_call: int = 200
    threads: int = 0

    def __post_init__(self) -> None:
        for name in ("batch_size", "epoch_steps", "curve_pairs", "steps_per_call"):
            if getattr(self, name) < 1:
                raise TR300MError(f"training: {name} is {getattr(self, name)}", "give at least 1")
        if not self.learning_rate > 0:
            raise TR300MError(f"training: learning_rate is {self.learning_rate}", "give a positive number")
        if self.pair_order not in ORDERS:
            raise TR300MError(f"training: pair_order is {self.pair_order}", f"write one of {', '.join(ORDERS)}")

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build from plain values; absent keys keep their defaults.

        Raises
        ------
        TR300MError
            If a key is unknown or a value impossible.
        """
        return from_dict(cls, "training", values)


@dataclass(frozen=True)
class ComputeConfig:
    """On what a model is trained: but for `xla`, nothing here changes a result by more than rounding.

    Parameters
    ----------
    gpu
        Whether a GPU was asked for: its absence is then an error.
    devices
        Over how many devices each batch is shared out (JAX).
    arrays
        Where the arrays lie: ``device``, ``host``, or ``auto``, by the memory that is free.
    xla
        Whether TensorFlow compiles the step with XLA, which draws other dropout from the same seed; JAX always does.
    checkpoint_minutes
        Time between two checkpoints; 0 for one after every call.
    checkpoint_steps
        Steps between two checkpoints, besides; 0 for time alone.
    """

    gpu: bool = False
    devices: int = 1
    arrays: str = "auto"
    xla: bool = False
    checkpoint_minutes: float = 10.0
    checkpoint_steps: int = 0

    def __post_init__(self) -> None:
        if self.devices < 1:
            raise TR300MError(f"compute: {self.devices} devices", "give at least 1")
        if self.arrays not in PLACES:
            raise TR300MError(f"compute: arrays is {self.arrays!r}", f"write one of {', '.join(PLACES)}")
        for name in ("checkpoint_minutes", "checkpoint_steps"):
            if not getattr(self, name) >= 0:
                raise TR300MError(f"compute: {name} is {getattr(self, name)}", "give 0 or more")
