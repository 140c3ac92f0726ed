"""The plan of one training: its checked arguments, device, model, batches and compiled steps."""

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..base.errors import TR300MError
from ..config.architectures import Architecture
from ..config.run_table import AT_EVALUATION, SHUFFLE
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
from .run_record import checksums, window_settings

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset
    from ..dataset.splits import Split


HOST_BYTES_PER_CALL = 1 << 28
"""If the arrays are with the host, one call sends rows of at most so many bytes to the device."""


@dataclass(frozen=True)
class Plan:
    """The arguments of `train`."""

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
        """Name of the scan in the run table."""
        return "on_the_fly" if self.scan is None else "cached"

    def check(self, name: str) -> None:
        """Raise TR300MError if the run cannot be trained."""
        if self.control.endswith(AT_EVALUATION):
            raise TR300MError(
                f"run {name}: control {self.control} only applies to prediction", "predict with a trained run"
            )
        if self.control == SHUFFLE and self.scan is not None:
            raise TR300MError(
                f"run {name}: the cached scan is of the unshuffled sequence", "set the run's scan to on_the_fly"
            )
        if self.steps < 1:
            raise TR300MError(f"run {name}: {self.steps} steps", "train for at least 1 step")
        own_units(self.dataset, self.architecture)
        check_scan(self.scan, self.dataset, self.network.schedule, self.architecture.both_strands)

    def device(self, threads: int) -> str:
        """Return the name of the device; raise TR300MError if a required one is missing."""
        if self.compute.gpu:
            devices.require_gpu()
        devices.require_devices(self.compute.devices, self.training.batch_size)
        return devices.device_name(threads, self.compute.devices)

    def inputs(self) -> dict[str, Any]:
        """Return everything that the result depends on, as recorded in `run.json`."""
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
            # XLA draws different dropout from the same seed.
            "xla": self.compute.xla,
            "code": self.code,
            **window_settings(self.dataset.manifest),
            "units": own_units(self.dataset, self.architecture)._asdict(),
            "arrays": checksums(self.dataset.manifest),
        }

    def key(self) -> str:
        """Return the key of the checkpoints: a hash of the inputs, including the contents of split and scan."""
        inputs = self.inputs()
        # Neither changes what a step computes, except that threads change the rounding.
        for name in ("threads", "steps_per_call"):
            del inputs["training"][name]
        inputs["held_out"] = [part.tolist() for part in (*self.split.axes("validation"), *self.split.axes("test"))]
        inputs["scan_key"] = "" if self.scan is None else self.scan.key
        return inputs_key(inputs)

    def model(self) -> keras.Model:
        """Build the untrained model."""
        return build_model(
            self.architecture,
            self.dataset,
            scanned=self.scan is not None,
            config=self.network,
            n_outputs=self.likelihood.n_outputs,
            seed=self.seed,
        )

    def feed(self) -> tuple[Feed, int]:
        """Collect the arrays, and place them; return them and the largest number of steps per call."""
        feed = make_feed(self.dataset, self.architecture, self.scan)
        on_device, steps = place_arrays(self.compute.arrays, feed.nbytes), self.training.steps_per_call
        if not on_device:
            steps = min(steps, max(1, HOST_BYTES_PER_CALL // feed.gathered_bytes(self.training.batch_size)))
        return dataclasses.replace(feed, on_device=on_device), steps

    def stepper(self, model: keras.Model, feed: Feed, steps_per_call: int) -> Stepper:
        """Compile optimiser steps."""
        config = self.training
        return make_stepper(
            model,
            self.likelihood,
            _optimizer(config, model),
            feed,
            batch_size=config.batch_size,
            steps_per_call=steps_per_call,
            devices=self.compute.devices,
            xla=self.compute.xla,
        )


def _optimizer(config: TrainingConfig, model: keras.Model) -> keras.optimizers.Optimizer:
    """Return Adam, or AdamW with decay of the kernels alone: biases and scales have no reason to be small."""
    moments = {"beta_1": config.beta_1, "beta_2": config.beta_2, "epsilon": config.epsilon}
    if not config.weight_decay:
        return keras.optimizers.Adam(config.learning_rate, **moments)
    optimizer = keras.optimizers.AdamW(config.learning_rate, weight_decay=config.weight_decay, **moments)
    optimizer.exclude_from_weight_decay([weight for weight in model.trainable_variables if weight.name != "kernel"])
    return optimizer
