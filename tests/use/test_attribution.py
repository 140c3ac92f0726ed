"""Attributions: they add up, are exact where the model is linear, and name planted regulators."""

# isort: off
from tr300m.model import devices  # noqa: F401 (sets the backend)

# isort: on
import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from helpers.fixtures import Refuses
from helpers.forward import PARAMETERS, random_dataset, randomise
from helpers.planted_dataset import CONFIG, planted_dataset
from helpers.toy_dataset import Sizes, toy_dataset
from tr300m.base.axes import Bins
from tr300m.cli import main
from tr300m.config.architectures import Architecture
from tr300m.config.factorised_models import FACTORISED
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.dinucleotide_shuffle import shuffle_onehot
from tr300m.dataset.splits import Split
from tr300m.evaluation.predict import TrainedRun
from tr300m.factorised.fit import fit
from tr300m.features.gene_features import gene_features
from tr300m.model.inputs import own_units
from tr300m.model.likelihood.distributions import LIKELIHOODS, make_likelihood
from tr300m.model.likelihood.zero_lognormal_mixture import ZeroLognormalMixture
from tr300m.model.network import NetworkConfig, build_model
from tr300m.use.attribution import Explained, explain, level_shares
from tr300m.use.contexts import Contexts, in_contexts
from tr300m.use.fitted_attribution import TREES
from tr300m.use.fitted_model import FittedModel
from tr300m.use.motif_families import motif_families, motif_similarity
from tr300m.use.network_attribution import CORE_ROW
from tr300m.use.network_model import NetworkModel
from tr300m.use.planted_model import planted_predictor
from tr300m.use.predictor import Predictor
from tr300m.use.regulator_table import REST, regulator_rows

SMALL = NetworkConfig(
    length=100, schedule=((50, 6), (30, 3), (20, 1)), width=30, bottleneck=8, kernel_sizes=(7, 5), pool_blocks=(0,)
)


def query_of(dataset: Dataset, row: int, samples: list[int]) -> Dataset:
    contexts = Contexts.of_samples(dataset, dataset.samples.sample_id[samples].tolist())
    return in_contexts(dataset.take_genes(np.array([row])), contexts)


def network(dataset: Dataset, architecture: Architecture, likelihood: str) -> NetworkModel:
    law = make_likelihood(likelihood)
    model = build_model(architecture, dataset, config=SMALL, scanned=True, n_outputs=law.n_outputs, seed=1)
    randomise(model, 2)
    run = TrainedRun(model, architecture, SMALL, law, own_units(dataset, architecture))
    return NetworkModel.of("toy", run, dataset)


@pytest.mark.parametrize(("key", "likelihood"), list(zip(PARAMETERS, itertools.cycle(LIKELIHOODS), strict=False)))
def test_attributions_of_networks_add_up(key: str, likelihood: str) -> None:
    dataset = random_dataset(Sizes())
    architecture = Architecture.from_key(key)
    if architecture.tf and not architecture.distance:
        architecture = replace(architecture, both_strands=True, log_levels=True)
    model = network(dataset, architecture, likelihood)
    query = query_of(dataset, 2, [4, 1])
    explained = explain(model, query, 0)
    assert len(explained) == 2
    after = model.mean(model.at(query, 0)(np.asarray(query.onehot)))[0]
    for context, found in enumerate(explained):
        assert found.after == pytest.approx(np.log1p(after[context]), rel=1e-4)
        assert found.residual_share < 0.01
        assert np.abs(found.value).sum() > 0
        assert (CORE_ROW in found.others) == architecture.core
        rows = regulator_rows(found, query, 0, context, "toy")
        assert sum(rows["attribution"]) == pytest.approx(found.after - found.before, abs=1e-6)


@pytest.mark.parametrize("name", FACTORISED)
def test_attributions_of_factorised_models_add_up(name: str) -> None:
    sizes = Sizes(genes=60, samples=30, regulators=6, motifs=5, length=90)
    dataset, rng = toy_dataset(sizes), np.random.default_rng(5)
    edges = np.array([-100, -20, 0, 20, 100])
    marks = rng.gamma(1, size=(60, 4, len(dataset.tracks))).astype(np.float32)
    dataset = replace(dataset, wide_marks=marks, bins=Bins(edges[:-1], edges[1:]))
    features = ("histone_means", "composition", "kmers", "motif_maxima")
    split = Split("thesis", np.array([0, 2]), np.array([7]), np.array([5]), np.array([1]))
    arrays = {feature: gene_features(dataset, feature) for feature in features}
    fitted = fit(dataset, split, arrays, model=name, likelihood=ZeroLognormalMixture(), seed=3)
    given = fitted.coefficients
    fitted = replace(
        fitted, coefficients=replace(given, gene_map=np.random.default_rng(1).normal(0, 0.1, given.gene_map.shape))
    )
    model = FittedModel("toy", fitted, features, dataset)
    query = query_of(dataset, 9, [4, 1, 3])
    raw = model.at(query, 0)(np.asarray(query.onehot))[0, :, 0]
    for context, found in enumerate(explain(model, query, 0)):
        if 0 < raw[context] < fitted.largest:
            assert found.after == pytest.approx(raw[context], abs=1e-6)
        assert found.residual_share < 0.01
        assert set(found.others) == {"composition", "kmers"} | ({TREES} if fitted.trees is not None else set())
        assert np.abs(found.value).sum() > 0


def test_planted_attributions_are_effect_times_hit_times_level() -> None:
    dataset, truth = planted_dataset()
    predictor = planted_predictor(truth, dataset, CONFIG)
    model: Any = predictor.models[0]
    driver = 3
    rows = [
        row
        for row in range(len(dataset.genes))
        if (at := model.at(dataset, row)).hits(at.codes[None])[0, driver] > 0.95
    ]
    query = in_contexts(dataset, predictor.tissues("all"))
    explained = explain(model, query, rows[0])
    at = model.at(query, rows[0])
    shuffled = shuffle_onehot(np.repeat(np.asarray(dataset.onehot[rows[0]])[None], 20, axis=0), 3)
    assert shuffled.shape[1] == 2823
    for context, found in enumerate(explained):
        assert found.residual_share < 1e-9
        assert found.before + found.value.sum() + sum(found.others.values()) == pytest.approx(at.reference[context])
        change = found.value[driver] / (model.effect[driver] * at.levels[context, driver])
        assert 0 < change <= 1
        columns = regulator_rows(found, query, rows[0], context, "planted")
        assert sum(columns["attribution"]) == pytest.approx(found.after - found.before)
        named = dict(zip(columns["regulator"], columns["regulator_total"], strict=True))
        if abs(found.value[driver]) > 0.05:
            assert named[model.drivers[driver]] == pytest.approx(found.value[driver])
            place = columns["regulator"].index(model.drivers[driver])
            assert columns["from"][place] == int(at.scores[driver].argmax()) - 2772


def test_regulators_share_a_motif_by_their_levels() -> None:
    dataset = toy_dataset(Sizes(regulators=3, motifs=2), motif_map=np.array([[1, 0], [1, 0], [0, 0]], np.uint8))
    np.testing.assert_allclose(level_shares(dataset, np.array([3.0, 1.0, 9.0])), [[0.75, 0.25, 0], [0, 0, 0]])
    np.testing.assert_allclose(level_shares(dataset, np.zeros(3))[0], [0.5, 0.5, 0])
    np.testing.assert_allclose(level_shares(dataset, None)[0], [0.5, 0.5, 0])


def test_motifs_that_look_alike_are_a_family() -> None:
    rng = np.random.default_rng(0)
    kernels = np.zeros((15, 4, 4))
    first = np.log2(rng.dirichlet(np.full(4, 0.2), 8) / 0.25 + 1e-4)
    kernels[3:11, :, 0] = first
    kernels[5:13, :, 1] = first
    kernels[2:10, :, 2] = first[::-1, ::-1]
    kernels[4:12, :, 3] = np.log2(rng.dirichlet(np.full(4, 0.2), 8) / 0.25 + 1e-4)
    similarity = motif_similarity(kernels)
    np.testing.assert_allclose(similarity[:3, :3], 1, atol=1e-6)
    assert (similarity[3, :3] < 0.6).all()
    families = motif_families(kernels)
    assert families[0] == families[1] == families[2] != families[3]


def test_what_does_not_add_up_is_refused(refuses: Refuses, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = random_dataset(Sizes())
    model = network(dataset, Architecture.from_key("seq_tf"), "nb_exponential")
    query = query_of(dataset, 2, [4])
    found = explain(model, query, 0)[0]
    wrong = found._replace(value=found.value * 1.5, after=found.before + 1)

    def lacking(*_: object) -> list[Explained]:
        return [wrong]

    monkeypatch.setattr(NetworkModel, "explained", lacking)
    with refuses("toy", "G2", "S4", "1%"):
        explain(model, query, 0)
    with refuses("gradients"):
        explain(object(), query, 0)


def test_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    dataset, truth = planted_dataset()
    monkeypatch.setattr(Predictor, "open", lambda *_: planted_predictor(truth, dataset, CONFIG))
    gene, out = str(dataset.genes.gene_name[12]), tmp_path / "r.tsv"
    common = ["regulators", "planted", str(dataset.folder), "--tissue", "Liver"]
    done = CliRunner().invoke(main, [*common, "--gene", gene, "--out", str(out)])
    assert done.exit_code == 0, done.output
    lines = out.read_text().splitlines()
    assert any("residual" in line and "Liver" in line for line in lines if line.startswith("#"))
    assert any(REST in line for line in lines)
    done = CliRunner().invoke(main, [*common, "--gene", "NOGENE"])
    assert done.exit_code == 1 and "NOGENE" in done.output
