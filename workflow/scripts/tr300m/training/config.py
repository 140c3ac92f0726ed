"""Settings of a training: of the optimisation, and of the machine."""

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
        Pairs per step.
    learning_rate, beta_1, beta_2, epsilon
        Parameters of Adam.
    pair_order
        Order of the training pairs: ``xorshift``, as in the thesis, or ``uniform``.
    epoch_steps
        Steps between two rows of the history.
    curve_pairs
        Number of validation pairs, and of training pairs, that each row is computed on.
    steps_per_call
        Largest number of steps in one call of the compiled loop; it does not change results.
    threads
        CPU threads, 0 for one per core.
    early_stopping
        Rows of the history without a lower loss on an inner part of the training genes after which training stops; the
        inner part does not train, and the weights of its lowest loss are kept. 0 trains all genes for all steps.
    weight_decay
        Share of the kernels, times the learning rate, that each step takes off (AdamW); 0 for Adam.
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
    early_stopping: int = 0
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        for name in ("batch_size", "epoch_steps", "curve_pairs", "steps_per_call"):
            if getattr(self, name) < 1:
                raise TR300MError(f"training: {name} is {getattr(self, name)}", "give at least 1")
        for name in ("early_stopping", "weight_decay"):
            if not getattr(self, name) >= 0:
                raise TR300MError(f"training: {name} is {getattr(self, name)}", "give 0 or more")
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
            If a key is unknown or a value is invalid.
        """
        return from_dict(cls, "training", values)


@dataclass(frozen=True)
class ComputeConfig:
    """The machine that a model is trained on; except for `xla`, these settings change results only by rounding.

    Parameters
    ----------
    gpu
        Whether a GPU is required: its absence is then an error.
    devices
        Number of devices that each batch is divided among (JAX only).
    arrays
        Where the arrays are: ``device``, ``host``, or ``auto``, which decides by the free memory.
    xla
        Whether TensorFlow compiles the step with XLA, which draws different dropout from the same seed. JAX always
        uses XLA.
    checkpoint_minutes
        Minutes between two checkpoints; 0 writes one after every call.
    checkpoint_steps
        Steps between two checkpoints, in addition to the minutes; 0 for the minutes only.
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
