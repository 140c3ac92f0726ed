"""Early stopping: genes set aside, the best weights kept, the same bits after a kill."""

# isort: off
from tr300m.model import devices  # noqa: F401 (sets the backend)

# isort: on
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.child import run_child
from helpers.fixtures import Refuses
from helpers.toy_training import GENES, SAMPLES, SPLIT, TRAINING, fit, fit_until, make_dataset, same
from tr300m.base.files import read_json, read_tsv
from tr300m.dataset.pair_order import PairOrder
from tr300m.evaluation.predict import predict
from tr300m.training.config import ComputeConfig, TrainingConfig
from tr300m.training.early_stopping import INNER_LOSS, BestWeights, best_epoch, inner_pairs, set_aside
from tr300m.training.history import HISTORY_COLUMNS

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
# The toy's loss on the inner part is lowest after 15 steps: 6.2, 4.4, 4.1, 4.4, 4.4.
STOPPING: dict[str, Any] = {"steps": 200, "epoch_steps": 5, "early_stopping": 2}


def rows(*losses: float) -> list[dict[str, float]]:
    return [{INNER_LOSS: loss} for loss in losses]


def test_the_best_epoch_and_the_patience_by_hand() -> None:
    assert best_epoch(rows()) == 0
    assert best_epoch(rows(3, 1, 2, 1)) == 2  # the first of equals
    best = BestWeights(2, {})
    assert [best.stops(rows(*losses)) for losses in ((), (3,), (3, 4), (3, 4, 3), (3, 4, 2), (3, 4, 2, 2, 2))] == [
        *(False, False, False),
        *(True, False, True),
    ]
    assert not BestWeights(0, {}).stops(rows(1, 2, 3, 4, 5))


def test_the_weights_of_the_best_epoch_go_through_a_checkpoint() -> None:
    best, seen = BestWeights(2, {}), []
    for loss in (3.0, 1.0, 2.0):
        seen.append(loss)
        state = {"trained.0": np.array([loss]), "optimizer.0": np.array([9.0])}
        best.update(rows(*seen), state)
    assert best.arrays == {"trained.0": np.array([1.0])}
    other = BestWeights(2, {})
    assert other.take_from({**state, **best.stored()}) == state
    assert other.arrays == best.arrays


def test_genes_set_aside_are_whole_chromosomes_and_never_train() -> None:
    dataset = make_dataset()
    trained_on, genes = set_aside(dataset, SPLIT)
    training, _ = SPLIT.training_axes(GENES, SAMPLES)
    assert set(genes) < set(training)
    chromosomes = dataset.genes.chromosome
    assert set(chromosomes[genes]).isdisjoint(chromosomes[np.setdiff1d(training, genes)])
    assert np.array_equal(genes, training[SPLIT.inner(dataset.genes) == 0])
    pairs = PairOrder(3, GENES, SAMPLES, trained_on).take(5000)
    assert set(pairs[:, 0]) == set(training) - set(genes)
    # The validation part is as it was.
    assert np.array_equal(trained_on.pairs("validation"), SPLIT.pairs("validation"))


@pytest.mark.parametrize("count", [7, 100])
def test_pairs_of_the_inner_part_have_every_gene_alike(count: int) -> None:
    genes, samples = np.array([4, 9, 11, 30, 31, 32, 40, 41]), np.array([2, 3, 5])
    pairs = inner_pairs(genes, samples, count, seed=3)
    assert len(pairs) == max(count, len(genes))
    found, occurrences = np.unique(pairs[:, 0], return_counts=True)
    assert np.array_equal(found, genes) and np.ptp(occurrences) <= 1
    assert set(pairs[:, 1]) <= set(samples)
    assert np.array_equal(pairs, inner_pairs(genes, samples, count, seed=3))


@pytest.mark.slow
def test_training_stops_and_the_best_weights_are_kept(tmp_path: Path) -> None:
    history = fit(tmp_path, "seq", **STOPPING)
    assert tuple(read_tsv(tmp_path / "history.tsv")) == (*HISTORY_COLUMNS, INNER_LOSS)
    lowest = int(np.argmin(history[INNER_LOSS]))
    assert len(history["step"]) == lowest + 3 and history["step"][-1] < 200
    record = read_json(tmp_path / "run.json")
    assert record["kept_step"] == history["step"][lowest]
    assert record["training"]["early_stopping"] == 2
    # What was saved has the lowest loss, on the pairs that chose it and on the history's validation pairs.
    _, genes = set_aside(make_dataset(), SPLIT)
    samples = SPLIT.training_axes(GENES, SAMPLES)[1]
    for pairs, column in (
        (inner_pairs(genes, samples, TRAINING.curve_pairs, 3), INNER_LOSS),
        (SPLIT.pairs("validation"), "val_loss"),
    ):
        found = predict(make_dataset(), pairs, tmp_path)["nll"].mean()
        assert found == pytest.approx(history[column][lowest], rel=1e-5)


@pytest.mark.slow
def test_steps_may_end_before_the_patience(tmp_path: Path) -> None:
    history = fit(tmp_path, "seq", **STOPPING | {"early_stopping": 50, "steps": 23})
    assert history["step"] == [5, 10, 15, 20, 23]
    assert read_json(tmp_path / "run.json")["kept_step"] == history["step"][int(np.argmin(history[INNER_LOSS]))]


# Between two rows before the best, and after the best, whose weights are then in no other place than the checkpoint.
@pytest.mark.slow
@pytest.mark.parametrize("killed_at", [8, 20])
def test_a_run_that_stops_early_resumes_to_the_same_bits(killed_at: int, tmp_path: Path) -> None:
    resume_both(tmp_path, killed_at)
    check_resumed(tmp_path)


def resume_both(folder: Path, killed_at: int) -> None:
    compute = ComputeConfig(checkpoint_steps=2)
    settings = {"key": "seq", "checkpoints": folder / "kept", "compute": compute, **STOPPING}
    fit_until(killed_at, folder / "run", **settings)
    fit(folder / "run", **settings)
    fit(folder / "whole", "seq", **STOPPING)


def check_resumed(folder: Path) -> None:
    records = {name: read_json(folder / name / "run.json") for name in ("run", "whole")}
    assert len(records["run"]["resumed_at"]) == 1 and records["whole"]["resumed_at"] == []
    assert records["run"]["kept_step"] == records["whole"]["kept_step"] < 200
    assert same(folder / "run", folder / "whole")
    tables = {name: read_tsv(folder / name / "history.tsv") for name in ("run", "whole")}
    for column in {*HISTORY_COLUMNS, INNER_LOSS} - {"seconds", "pairs_per_second"}:
        assert np.array_equal(tables["run"][column], tables["whole"][column]), column


def resume_on_jax(path: str) -> None:
    resume_both(Path(path), 20)


@pytest.mark.slow
def test_it_resumes_on_jax_too(tmp_path: Path) -> None:
    pytest.importorskip("jax")
    run_child(resume_on_jax, tmp_path, KERAS_BACKEND="jax")
    check_resumed(tmp_path)


def test_what_cannot_be_set_aside_is_refused(tmp_path: Path, refuses: Refuses) -> None:
    genes = dataclasses.replace(
        make_dataset().genes, chromosome=np.full(GENES, "chr1"), cluster=np.zeros(GENES, np.int64)
    )
    with refuses("toy", "145"):
        fit(tmp_path, "seq", dataset=dataclasses.replace(make_dataset(), genes=genes), **STOPPING)
    with refuses("early_stopping", "-1"):
        TrainingConfig(early_stopping=-1)
