"""Steppers: both backends agree, several devices agree with one, tables on the device agree with gathered rows."""

# isort: off
from tr300m.model import devices  # noqa: F401 (sets the backend)

# isort: on
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.child import run_child
from helpers.fixtures import Refuses
from helpers.toy_training import GENES, NETWORK, SAMPLES, SPLIT, STILL, TRAINING, fit, make_dataset
from numpy.typing import NDArray
from tr300m.config.architectures import Architecture
from tr300m.dataset.pair_order import PairOrder
from tr300m.evaluation.predict import predict
from tr300m.model.devices import BACKEND, keras
from tr300m.model.likelihood.distributions import LIKELIHOODS
from tr300m.model.network import NetworkConfig, build_model
from tr300m.training.backends.stepper import Stepper, make_stepper
from tr300m.training.batches import make_feed
from tr300m.training.config import ComputeConfig

KEY, STEPS, BATCH, RATE = "seq_tf_core_hm", 6, 16, 3e-3
WEIGHTS = len(build_model(KEY, make_dataset(), config=NETWORK).trainable_variables)
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def stepper(config: NetworkConfig, start: Path | None = None, **settings: Any) -> Stepper:
    """Make a stepper of the toy, from the weights of a file where one is given."""
    dataset, on_device = make_dataset(), settings.pop("on_device", True)
    model = build_model(KEY, dataset, config=config, seed=3)
    if start is not None:
        model.load_weights(start)
    return make_stepper(
        model,
        LIKELIHOODS["nb_exponential"],
        keras.optimizers.Adam(RATE),
        make_feed(dataset, Architecture.from_key(KEY), None, on_device=on_device),
        batch_size=BATCH,
        steps_per_call=4,
        **settings,
    )


def trajectory(config: NetworkConfig, start: Path | None = None, **settings: Any) -> NDArray[np.float64]:
    """Take the first steps; return the losses, then raw outputs of the last batch, then the sum of each weight."""
    taken = stepper(config, start, **settings)
    feed = make_feed(make_dataset(), Architecture.from_key(KEY), None, on_device=settings.get("on_device", True))
    pairs = PairOrder(3, GENES, SAMPLES, SPLIT).take(STEPS * BATCH).reshape(STEPS, BATCH, 2)
    losses = [taken.run(taken.upload(feed.rows(call))) for call in (pairs[:4], pairs[4:5], pairs[5:])]
    raw = taken.predict(feed.rows(pairs[-1]))
    sums = [x.sum(dtype=np.float64) for name, x in taken.state().items() if name.startswith("trained")]
    return np.concatenate([*losses, raw.ravel(), sums]).astype(np.float64)


def run_on_jax(path: str) -> None:
    """Do on JAX, with four virtual devices, what the tests below look at; the folder holds a run of TensorFlow's."""
    folder = Path(path)
    found: dict[str, Any] = {"still": trajectory(STILL, folder / "tensorflow" / "model.weights.h5")}
    for count in (1, 2, 4):
        found[f"devices_{count}"] = trajectory(NETWORK, devices=count)
    found["host"] = trajectory(NETWORK, on_device=False)
    found["host_devices_2"] = trajectory(NETWORK, on_device=False, devices=2)
    for name, settings in {"fused": {}, "fused_host_devices_2": {"on_device": False, "devices": 2}}.items():
        found[name] = trajectory(NETWORK, fused=True, **settings)  # type: ignore[arg-type]
    found["bfloat16"] = trajectory(NetworkConfig(**{**vars(STILL), "precision": "bfloat16"}))
    found["float32"] = trajectory(STILL)
    fit(folder / "jax", steps=3, compute=ComputeConfig(devices=2))
    for name in ("jax", "tensorflow"):
        predicted = predict(make_dataset(), SPLIT.pairs("test"), folder / name)
        found[f"raw_{name}"] = predicted["raw"]
    found["imported"] = np.array(sorted({"tensorflow", "torch", "pyBigWig", "snakemake"} & set(sys.modules)), dtype=str)
    np.savez(folder / "found.npz", **found)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a run of TensorFlow's and what JAX found, in a process of its own."""
    pytest.importorskip("jax")
    folder = tmp_path_factory.mktemp("steps")
    fit(folder / "tensorflow", steps=3)
    run_child(run_on_jax, folder, KERAS_BACKEND="jax", XLA_FLAGS="--xla_force_host_platform_device_count=4")
    return folder


@pytest.fixture(scope="module")
def on_jax(folder: Path) -> dict[str, NDArray[Any]]:
    with np.load(folder / "found.npz") as found:
        return dict(found)


@pytest.mark.slow
def test_both_backends_take_the_same_steps(folder: Path, on_jax: dict[str, NDArray[Any]]) -> None:
    assert BACKEND == "tensorflow"
    expected = trajectory(STILL, folder / "tensorflow" / "model.weights.h5")
    assert len(expected) == STEPS + 4 * BATCH + WEIGHTS
    np.testing.assert_allclose(on_jax["still"], expected, rtol=1e-3, atol=2e-3)


@pytest.mark.slow
def test_weights_files_fit_both_backends(folder: Path, on_jax: dict[str, NDArray[Any]]) -> None:
    for name in ("jax", "tensorflow"):
        here = predict(make_dataset(), SPLIT.pairs("test"), folder / name)
        np.testing.assert_allclose(on_jax[f"raw_{name}"], here["raw"], rtol=1e-4, atol=1e-4)
    assert not np.allclose(on_jax["raw_jax"], on_jax["raw_tensorflow"], atol=1e-2)


@pytest.mark.slow
def test_several_devices_give_the_result_of_one(on_jax: dict[str, NDArray[Any]]) -> None:
    for name in ("devices_2", "devices_4", "host_devices_2"):
        np.testing.assert_allclose(on_jax[name], on_jax["devices_1"], rtol=1e-3, atol=2e-3, err_msg=name)


@pytest.mark.slow
def test_gathered_rows_give_the_result_of_tables_on_jax(on_jax: dict[str, NDArray[Any]]) -> None:
    np.testing.assert_allclose(on_jax["host"], on_jax["devices_1"], rtol=1e-3, atol=2e-3)


@pytest.mark.slow
def test_the_loop_of_a_gpu_gives_the_result_of_single_steps(on_jax: dict[str, NDArray[Any]]) -> None:
    for name in ("fused", "fused_host_devices_2"):
        np.testing.assert_allclose(on_jax[name], on_jax["devices_1"], rtol=1e-3, atol=2e-3, err_msg=name)


@pytest.mark.slow
def test_training_on_jax_imports_little(on_jax: dict[str, NDArray[Any]]) -> None:
    assert on_jax["imported"].tolist() == []


def close_but_not_equal(low: NDArray[Any], full: NDArray[Any]) -> bool:
    """Whether the losses differ as bfloat16's 8 bits do, and by no more."""
    difference = np.abs(low - full)[:STEPS] / np.abs(full[:STEPS])
    return bool(1e-6 < difference.max() < 0.1)


@pytest.mark.slow
def test_bfloat16_stays_near_float32_on_jax(on_jax: dict[str, NDArray[Any]]) -> None:
    assert close_but_not_equal(on_jax["bfloat16"], on_jax["float32"])


@pytest.mark.slow
def test_bfloat16_stays_near_float32() -> None:
    low = NetworkConfig(**{**vars(STILL), "precision": "bfloat16"})
    assert close_but_not_equal(trajectory(low), trajectory(STILL))


@pytest.mark.slow
def test_gathered_rows_give_the_result_of_tables() -> None:
    np.testing.assert_allclose(trajectory(NETWORK, on_device=False), trajectory(NETWORK), rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_xla_gives_the_same_within_rounding() -> None:
    # Without dropout: XLA draws other numbers from the same seed.
    np.testing.assert_allclose(trajectory(STILL, xla=True), trajectory(STILL), rtol=1e-3, atol=2e-3)


@pytest.mark.slow
def test_a_restored_state_goes_on_as_if_nothing_had_been() -> None:
    first = stepper(NETWORK)
    feed = make_feed(make_dataset(), Architecture.from_key(KEY), None)
    pairs = PairOrder(3, GENES, SAMPLES, SPLIT).take(4 * BATCH).reshape(4, BATCH, 2)
    rows = [first.upload(feed.rows(half)) for half in (pairs[:2], pairs[2:])]
    first.run(rows[0])
    state = first.state()
    expected = first.run(rows[1])
    assert not np.array_equal(first.state()["trained.0"], state["trained.0"])
    second = stepper(NETWORK)
    second.restore(state)
    assert np.array_equal(second.run(rows[1]), expected)
    for name, value in second.state().items():
        assert np.array_equal(value, first.state()[name]), name
    # Seven layers drop: their generators are part of the state, and moved.
    generators = [name for name in state if name.startswith("generators")]
    assert len(generators) == 3 + 2 * len(NETWORK.kernel_sizes)
    assert not any(np.array_equal(state[name], first.state()[name]) for name in generators)


def test_a_state_of_another_model_is_refused(refuses: Refuses) -> None:
    first = stepper(NETWORK)
    state = first.state()
    with refuses("trained.0"):
        first.restore({name: value for name, value in state.items() if name != "trained.0"})
    with refuses("generators.0", "float64[2]", "int64[2]"):
        first.restore({**state, "generators.0": state["generators.0"].astype(np.float64)})


def test_tables_of_the_step_are_not_weights() -> None:
    names = {name.split(".")[0] for name in stepper(NETWORK).state()}
    assert names == {"trained", "generators", "optimizer"}
    held = sum(x.size for name, x in stepper(NETWORK).state().items() if name.startswith("trained"))
    assert held == sum(x.numpy().size for x in build_model(KEY, make_dataset(), config=NETWORK).trainable_variables)
    assert TRAINING.batch_size == BATCH
