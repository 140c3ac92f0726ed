"""The choice of a backend, before Keras is imported and after."""

import os
import sys

import pytest
from helpers.fixtures import Refuses
from tr300m.model import backend, devices
from tr300m.model.backend import use_backend


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Forget that Keras is imported; undo changes of the environment."""
    monkeypatch.delitem(sys.modules, "keras", raising=False)
    for name in ("KERAS_BACKEND", "CUDA_VISIBLE_DEVICES", "JAX_PLATFORMS"):
        # Set first, so that the end of the test restores what was there.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return monkeypatch


def test_the_choice_reaches_the_environment(environment: pytest.MonkeyPatch) -> None:
    assert use_backend() == "tensorflow"
    assert os.environ["KERAS_BACKEND"] == "tensorflow"
    assert "CUDA_VISIBLE_DEVICES" not in os.environ
    # The environment's choice stands where no other is made.
    environment.setenv("KERAS_BACKEND", "jax")
    assert use_backend() == "jax"
    assert use_backend("tensorflow") == "tensorflow"
    assert os.environ["KERAS_BACKEND"] == "tensorflow"


def test_a_run_on_the_cpu_sees_no_gpu(environment: pytest.MonkeyPatch) -> None:
    use_backend("jax", device="cpu")
    assert (os.environ["CUDA_VISIBLE_DEVICES"], os.environ["JAX_PLATFORMS"]) == ("-1", "cpu")


def test_backends_that_cannot_be_are_refused(environment: pytest.MonkeyPatch, refuses: Refuses) -> None:
    with refuses("'torch'", "tensorflow", "jax"):
        use_backend("torch")
    environment.setattr(backend, "find_spec", lambda name: None)
    with refuses("jax"):
        use_backend("jax")


def test_a_running_backend_cannot_be_changed(refuses: Refuses) -> None:
    other = {"tensorflow": "jax", "jax": "tensorflow"}[devices.BACKEND]
    with refuses(devices.BACKEND, other):
        use_backend(other)
    assert os.environ["KERAS_BACKEND"] == devices.BACKEND


def test_several_devices_need_jax_and_a_batch_that_divides(refuses: Refuses, monkeypatch: pytest.MonkeyPatch) -> None:
    devices.require_devices(1, 7)
    with refuses("2", "backend: jax"):
        devices.require_devices(2, 8)
    monkeypatch.setattr(devices, "BACKEND", "jax")
    with refuses("1000", "JAX"):
        devices.require_devices(1000, 1000)
    import jax

    monkeypatch.setattr(jax, "devices", lambda: [object()] * 4)
    with refuses("10", "4"):
        devices.require_devices(4, 10)
    devices.require_devices(4, 8)
