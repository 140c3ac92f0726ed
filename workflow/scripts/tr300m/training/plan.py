"""The plan of one training: its arguments checked, its device, its model, its batches and its compiled steps."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..base.errors import TR300MError
from ..config.architectures import Architecture
from ..config.run_table import AT_EVALUATION, SHUFFLE
from ..features.pooling import pooled_length
from ..features.scan_cache import ScanTable, check_scan
from ..model import devices
from ..model.devices import BACKEND, keras
from ..model.inputs import own_units
from ..model.likelihood.distributions import Likelihood, settings_of
from ..model.network import NetworkConfig, build_model
from .backends.stepper import Stepper, make_stepper
from .batches import Feed, make_feed, place_arrays
from .checkpoints import inputs_key
from .config import ComputeConfig, TrainingConfig
from .run_record import checksums, edition

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset
    from ..dataset.splits import Split


HOST_BYTES_PER_CALL = 1 << 28
"""With the host's arrays, the rows of so many bytes at most travel in one call."""


@dataclass(frozen=True)
class Plan:
    """A training as it was asked for: the arguments of `train`."""

    dataset: "Dataset"
    split: "Split"
    architecture: Architecture
    likelihood: Likelihood
    network: NetworkConfig
    training: TrainingConfig
    compute: ComputeConfig
    scan: ScanTable | None
    control: str
    seed: int
    steps: int
    code: str

    @property
    def scanned(self) -> str:
        """The scan's name in the run table."""
        return "on_the_fly" if self.scan is None else "cached"

    def check(self, name: str) -> None:
        """Refuse what cannot be trained."""
        if self.control.endswith(AT_EVALUATION):
            raise TR300MError(
                f"run {name}: under control {self.control} nothing is trained", "predict with a trained run"
            )
        if self.control == SHUFFLE and self.scan is not None:
            raise TR300MError(f"run {name}: the cached scan is of the real sequence", "scan on the fly")
        if self.steps < 1:
            raise TR300MError(f"run {name}: {self.steps} steps", "train for at least 1")
        check_scan(self.scan, self.dataset, self.network.schedule)

    def device(self, threads: int) -> str:
        """Name what it will run on; refuse if that is not there."""
        if self.compute.gpu:
            devices.require_gpu()
        devices.require_devices(self.compute.devices, self.training.batch_size)
        return devices.device_name(threads, self.compute.devices)

    def inputs(self) -> dict[str, Any]:
        """Return all that the result depends on, as it is recorded."""
        return {
            "architecture": dataclasses.asdict(self.architecture),
            "likelihood": settings_of(self.likelihood),
            "control": self.control,
            "split": self.split.name,
            "scan": self.scanned,
            "seed": self.seed,
            "steps": self.steps,
            "network": dataclasses.asdict(self.network),
            "training": dataclasses.asdict(self.training),
            "backend": BACKEND,
            "numerics": devices.numerics(),
            # It draws other dropout from the same seed.
            "xla": self.compute.xla,
            "code": self.code,
            "edition": edition(self.dataset.manifest),
            "units": own_units(self.dataset, self.architecture)._asdict(),
            "arrays": checksums(self.dataset.manifest),
        }

    def key(self) -> str:
        """Return the key of its checkpoints: a hash of its inputs, with the split and the scan by content."""
        inputs = self.inputs()
        # Neither changes what a step computes, but for rounding in the case of threads.
        for name in ("threads", "steps_per_call"):
            del inputs["training"][name]
        inputs["held_out"] = [part.tolist() for part in (*self.split.axes("validation"), *self.split.axes("test"))]
        inputs["scan_key"] = "" if self.scan is None else self.scan.key
        return inputs_key(inputs)

    def model(self) -> keras.Model:
        """Build the model, untrained."""
        return build_model(
            self.architecture,
            self.dataset,
            scanned=self.scan is not None,
            config=self.network,
            n_outputs=self.likelihood.n_outputs,
            seed=self.seed,
        )

    def feed(self, log: Callable[[str], object]) -> tuple[Feed, int]:
        """Collect the arrays where the memory wants them; return them and the most steps a call."""
        feed = make_feed(self.dataset, self.architecture, self.scan)
        travelling = feed.gathered_bytes(self.training.batch_size)
        motifs = self.dataset.pssm.shape[2]
        working = working_bytes(self.network, self.training.batch_size, motifs, on_the_fly=self.scan is None)
        # Three batches of rows: one in use, one ahead, one being gathered.
        on_device = place_arrays(self.compute.arrays, feed.nbytes, working + 3 * travelling, log)
        steps = self.training.steps_per_call
        if not on_device:
            steps = min(steps, max(1, HOST_BYTES_PER_CALL // travelling))
        return dataclasses.replace(feed, on_device=on_device), steps

    def stepper(self, model: keras.Model, feed: Feed, steps_per_call: int) -> Stepper:
        """Compile the steps, with Adam."""
        config = self.training
        return make_stepper(
            model,
            self.likelihood,
            keras.optimizers.Adam(
                config.learning_rate, beta_1=config.beta_1, beta_2=config.beta_2, epsilon=config.epsilon
            ),
            feed,
            batch_size=config.batch_size,
            steps_per_call=steps_per_call,
            devices=self.compute.devices,
            xla=self.compute.xla,
        )


def working_bytes(network: NetworkConfig, batch_size: int, motifs: int, *, on_the_fly: bool) -> int:
    """Return roughly how many bytes a step needs beside the arrays: what it keeps for the gradients, and its scan.

    Counted are ten arrays of pooled scores, ten of each block's channels, and the scores of the longest segment
    before pooling.
    """
    blocks = sum(network.trunk_lengths()) * (network.width + network.bottleneck)
    scan = max(length for length, _ in network.schedule) * motifs if on_the_fly else 0
    return 4 * batch_size * (10 * pooled_length(network.schedule) * motifs + 10 * blocks + scan)
