"""The planted truth as a model: on native promoters it gives the files of the simulator."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers.edited import edited_windows
from helpers.fixtures import Refuses
from helpers.planted_dataset import CONFIG, planted_dataset
from helpers.toy_dataset import toy_dataset
from tr300m.base.axes import PAR_Y
from tr300m.base.base_codes import base_codes
from tr300m.evaluation.planted_truth import Planted
from tr300m.simulate.driver_motifs import best_scores
from tr300m.use.contexts import Contexts, in_contexts
from tr300m.use.planted_model import PlantedModel, planted_predictor


@pytest.fixture(scope="module")
def model() -> PlantedModel:
    dataset, truth = planted_dataset()
    return PlantedModel.read(truth, dataset, CONFIG)


def test_native_promoters_have_the_planted_hits_openness_and_expression(model: PlantedModel) -> None:
    dataset, truth = planted_dataset()
    planted = Planted.read(truth, dataset.genes, dataset.samples, CONFIG.base, CONFIG.open_weight)
    query = in_contexts(dataset, Contexts.of_samples(dataset, dataset.samples.sample_id.tolist()))
    np.testing.assert_allclose(model.levels(query), planted.levels, atol=1e-4)
    samples = np.arange(len(dataset.samples))
    assert any(name.endswith(PAR_Y) for name in dataset.genes.gene_id)
    for row in range(len(dataset.genes)):
        at = model.at(query, row)
        np.testing.assert_allclose(at.hits(at.codes[None])[0], planted.hits[row], atol=1e-4)
        np.testing.assert_allclose(at.openness(at.codes[None])[0], planted.openness[row, planted.tissue], atol=2e-4)
        raw = at(np.asarray(query.onehot[row])[None])[0]
        expected = planted.log_expression(np.full(len(samples), row), samples)
        np.testing.assert_allclose(np.log1p(model.mean(raw)), expected, atol=3e-3)
    assert (planted.hits > 0.9).any()


def test_edits_have_the_best_scores_of_whole_scans(model: PlantedModel) -> None:
    dataset, _ = planted_dataset()
    query = in_contexts(dataset, Contexts.of_samples(dataset, dataset.samples.sample_id[:2].tolist()))
    at = model.at(query, 5)
    codes = base_codes(edited_windows(np.asarray(query.onehot[5]), (0, 1, 2822, 2821), 60))
    for number, profile in enumerate(model.profiles):
        found = [at._best(window, number) for window in codes]
        np.testing.assert_allclose(found, best_scores(codes, profile), atol=1e-9)


def test_regulation_only_keeps_openness(model: PlantedModel) -> None:
    dataset, _ = planted_dataset()
    query = in_contexts(dataset, Contexts.of_samples(dataset, dataset.samples.sample_id[:2].tolist()))
    windows = np.repeat(np.asarray(query.onehot[4])[None], 2, axis=0)
    windows[1, -900:] = [0, 1, 0, 0]
    opened = model.at(query, 4)
    codes = base_codes(windows)
    assert (np.diff(opened.openness(codes), axis=0) > 0).all()
    closed = replace(model, sequence_opens=False).at(query, 4)
    assert (closed.openness(codes) == opened.openness(codes[:1])).all()


def test_a_planted_predictor_has_contexts_and_genes() -> None:
    dataset, truth = planted_dataset()
    predictor = planted_predictor(truth, dataset, CONFIG)
    contexts = predictor.tissues("Liver")
    query = in_contexts(predictor.genes(str(dataset.genes.gene_name[3])), contexts)
    raw = predictor.models[0].at(query, 0)(np.asarray(query.onehot))
    assert raw.shape == (1, 1, 1)
    assert (predictor.models[0].quantile(0.05, raw) == predictor.models[0].mean(raw)).all()


def test_bad_truth(refuses: Refuses, tmp_path: Path) -> None:
    dataset, truth = planted_dataset()
    shutil.copytree(truth, tmp_path / "truth")
    (tmp_path / "truth/openness_residual.tsv").unlink()
    with refuses("openness_residual.tsv"):
        PlantedModel.read(tmp_path / "truth", dataset, CONFIG)
    with refuses("100", "2,823"):
        PlantedModel.read(truth, toy_dataset(), CONFIG)
    regulators = replace(dataset.regulators, gene_id=np.char.add(dataset.regulators.gene_id, "x"))
    with refuses("ENSG"):
        PlantedModel.read(truth, replace(dataset, regulators=regulators), CONFIG)
