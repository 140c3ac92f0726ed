"""Networks at edited promoters: patched scans and the cut network against the whole network on whole windows."""

# isort: off
from tr300m.model import devices  # noqa: F401 (sets the backend)

# isort: on
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers.edited import edited_windows
from helpers.forward import PARAMETERS, random_dataset, randomise
from helpers.toy_dataset import Sizes
from numpy.typing import NDArray
from tr300m.config.architectures import Architecture
from tr300m.dataset.dataset import Dataset
from tr300m.evaluation.predict import TrainedRun, predict_raw
from tr300m.model.inputs import own_units
from tr300m.model.likelihood.distributions import make_likelihood
from tr300m.model.network import NetworkConfig, build_model
from tr300m.use.contexts import Contexts, in_contexts
from tr300m.use.network_model import NetworkModel

Array = NDArray[Any]
SMALL = NetworkConfig(
    length=100,
    # The first segment drops two positions.
    schedule=((50, 6), (30, 3), (20, 1)),
    width=30,
    bottleneck=8,
    kernel_sizes=(7, 5, 3, 3),
    pool_blocks=(0, 2),
)
# Ends of the window and of the segments, and the dropped positions.
PLACES = (0, 1, 99, 98, 47, 48, 49, 50, 51, 79, 80, 81)
OPTIONS = {"both_strands": True, "log_levels": True}


def network(dataset: Dataset, architecture: Architecture) -> NetworkModel:
    model = build_model(architecture, dataset, config=SMALL, scanned=True, n_outputs=3, seed=1)
    randomise(model, 2)
    likelihood = make_likelihood("nb_exponential")
    return NetworkModel.of(
        "toy", TrainedRun(model, architecture, SMALL, likelihood, own_units(dataset, architecture)), dataset
    )


@pytest.mark.parametrize("options", [{}, OPTIONS], ids=["thesis", "options"])
@pytest.mark.parametrize("key", PARAMETERS)
def test_patched_edits_equal_whole_scans(key: str, options: dict[str, bool]) -> None:
    dataset = random_dataset(Sizes())
    architecture = Architecture.from_key(key)
    architecture = replace(
        architecture, **{name: on for name, on in options.items() if architecture.tf or name != "log_levels"}
    )
    model = network(dataset, architecture)
    query = in_contexts(
        dataset.take_genes(np.array([2])), Contexts.of_samples(dataset, dataset.samples.sample_id[[4, 1, 3]].tolist())
    )
    windows = edited_windows(np.asarray(query.onehot[0]), PLACES)
    found = model.at(query, 0)(windows)
    rows = query.take_genes(np.zeros(len(windows), np.int64))
    whole = replace(rows, onehot=windows)
    pairs = np.stack([np.repeat(np.arange(len(windows)), 3), np.tile(np.arange(3), len(windows))], axis=1)
    raw = predict_raw(model.run.model, whole, architecture, pairs, units=model.run.units, schedule=SMALL.schedule)
    expected = raw.reshape(len(windows), 3, -1)
    assert np.abs(expected - expected[0]).max() > 0.01
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_window_without_edits_has_the_very_numbers_of_the_promoter() -> None:
    dataset = random_dataset(Sizes())
    model = network(dataset, Architecture.from_key("seq_tf_core_hm"))
    query = in_contexts(
        dataset.take_genes(np.array([0])), Contexts.of_samples(dataset, dataset.samples.sample_id.tolist())
    )
    native = np.asarray(query.onehot[0])
    windows = edited_windows(native, PLACES, 70)
    windows[[0, 3, 69]] = native
    raw = model.at(query, 0)(windows)
    assert (raw[0] == raw[3]).all() and (raw[0] == raw[69]).all()
    # Neither the order nor the number of windows counts.
    np.testing.assert_allclose(model.at(query, 0)(windows[::-1])[::-1], raw, atol=1e-6)
    np.testing.assert_allclose(model.at(query, 0)(windows[20:23]), raw[20:23], atol=1e-6)
