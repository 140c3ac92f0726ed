"""Group metrics against the plain ones, views against hand-made cases."""

import numpy as np
import pytest
from helpers.fixtures import Refuses
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from tr300m.evaluation.strata import (
    PredictedPairs,
    average_by_tissue,
    group_table,
    one_sample_a_person,
    summary_table,
    views,
)
from tr300m.metrics import point as metrics
from tr300m.metrics.by_group import grouped_metrics

TPM = st.sampled_from([0.0, 0.1, 0.5, 1.0, 1.0, 3.0, 7.25, 1e5])


@given(st.lists(st.tuples(st.integers(0, 4), TPM, TPM, st.floats(-2, 5)), min_size=1, max_size=40))
def test_each_group_equals_the_plain_metrics(rows: list[tuple[int, float, float, float]]) -> None:
    labels, observed, prediction, nll = map(np.array, zip(*rows, strict=True))
    groups, codes = np.unique(labels, return_inverse=True)
    found = grouped_metrics(observed, prediction, nll, 1.0, codes)
    for group in range(len(groups)):
        chosen = codes == group
        expected = metrics.evaluate(observed[chosen], prediction[chosen], nll[chosen], 1.0)
        assert list(found) == list(expected)
        for name, value in expected.items():
            assert found[name][group] == pytest.approx(value, rel=1e-9, abs=1e-9, nan_ok=True)


def test_constants_and_huge_values() -> None:
    # 0.1 is no binary fraction: the mean of seven differs from it by rounding.
    found = grouped_metrics(
        [0.1] * 7 + [1, 2, 3], [1, 2, 3, 4, 5, 6, 7, 1e300, 2e300, 3e300], None, 1.0, [0] * 7 + [1] * 3
    )
    assert np.isnan(found["pearson"][0]) and np.isnan(found["spearman"][0]) and np.isnan(found["log_r2"][0])
    assert found["pearson"][1] == pytest.approx(1.0)
    assert np.isnan(found["nll"]).all()


def test_bad_values_are_refused(refuses: Refuses) -> None:
    with refuses("1 NaN"):
        grouped_metrics([1, np.nan], [1, 2], None, 1.0, [0, 1])


GENES = np.array(["g0", "g1", "g2"])
SAMPLES = np.array(["s0", "s1", "s2", "s3", "s4"])
TISSUE = np.array(["Brain", "Brain", "Liver", "Liver", "Liver"])
# The last two samples are one person's.
DONOR = np.array(["a", "b", "a", "c", "c"])
# The last gene shares its promoter with one that trains.
SHARED = np.array([False, False, True])


def table(seed: int = 0) -> PredictedPairs:
    """All pairs of 3 genes and 5 samples, gene fastest."""
    rng = np.random.default_rng(seed)
    saved = {"gene": np.tile(np.arange(3), 5), "sample": np.repeat(np.arange(5), 3)}
    return PredictedPairs.of(
        saved | {name: rng.exponential(size=15) for name in ("observed", "median", "nll")}, TISSUE, DONOR
    )


def found(
    minimum: int = 2, zeroed: PredictedPairs | None = None
) -> dict[str, tuple[list[str], dict[str, NDArray[np.float64]]]]:
    own = np.array([False, True, False])
    return {
        view.name: (view.labels, view.metrics)
        for view in views(table(), GENES, SAMPLES, own, SHARED, 1.0, minimum, zeroed)
    }


def check(values: dict[str, NDArray[np.float64]], group: int, pairs: PredictedPairs, chosen: NDArray[np.bool_]) -> None:
    expected = metrics.evaluate(pairs.observed[chosen], pairs.prediction[chosen], pairs.nll[chosen], 1.0)
    for name, value in expected.items():
        assert values[name][group] == pytest.approx(value, nan_ok=True)


def test_views_are_the_groups_they_name() -> None:
    pairs, made = table(), found()
    everything = np.ones(15, dtype=bool)
    check(made["pooled"][1], 0, pairs, everything)
    check(made["without regulators"][1], 0, pairs, pairs.gene != 1)
    check(made["regulators alone"][1], 0, pairs, pairs.gene == 1)
    check(made["without shared promoters"][1], 0, pairs, pairs.gene != 2)
    check(made["shared promoters alone"][1], 0, pairs, pairs.gene == 2)
    labels, values = made["per tissue"]
    assert labels == ["Brain", "Liver"]
    check(values, 1, pairs, np.isin(pairs.sample, [2, 3, 4]))
    labels, values = made["across genes"]
    assert labels == SAMPLES.tolist()
    check(values, 3, pairs, pairs.sample == 3)
    labels, values = made["across people"]
    assert labels == [f"g{gene}|{tissue}" for gene in range(3) for tissue in ("Brain", "Liver")]
    # Sample 4 is a second one of the same person.
    check(values, 3, pairs, (pairs.gene == 1) & np.isin(pairs.sample, [2, 3]))


def test_across_tissues_compares_means() -> None:
    pairs, (labels, values) = table(), found()["across tissues"]
    assert labels == GENES.tolist()
    means = [
        [np.mean(column[(pairs.gene == 2) & (pairs.tissue == tissue)]) for tissue in ("Brain", "Liver")]
        for column in (pairs.observed, pairs.prediction)
    ]
    # Two tissues lie on a line: up or down.
    assert values["pearson"][2] == pytest.approx(np.sign(np.diff(means[0]) * np.diff(means[1]))[0])
    assert values["log_r2"][2] == pytest.approx(metrics.log_r2(*means))
    assert len(average_by_tissue(pairs).gene) == 6


def test_small_groups_are_left_out() -> None:
    made = found(minimum=3)
    assert made["across tissues"] == ([], {})
    assert made["across people"] == ([], {})
    assert len(made["across genes"][0]) == 5
    shown = summary_table(views(table(), GENES, SAMPLES, np.zeros(3, dtype=bool), SHARED, 1.0, 3))
    row = shown["view"].index("across people")
    assert [values[row] for values in shown.values()] == [
        "across people",
        "all",
        "3",
        "0",
        "0",
        "0",
        *["undefined"] * 6,
    ]
    # No gene is a regulator.
    assert shown["groups"][shown["view"].index("regulators alone")] == "0"


def test_one_sample_a_person() -> None:
    kept = one_sample_a_person(table())
    assert sorted(set(kept.sample.tolist())) == [0, 1, 2, 3]
    assert len(kept.gene) == 12


def test_own_level_zeroed_replaces_the_regulators_pairs() -> None:
    pairs = table()
    other = table(1).where(pairs.gene == 1)
    made = found(zeroed=other)
    changed = PredictedPairs(**{**vars(pairs), "prediction": pairs.prediction.copy(), "nll": pairs.nll.copy()})
    changed.prediction[pairs.gene == 1], changed.nll[pairs.gene == 1] = other.prediction, other.nll
    check(made["pooled, own level zeroed"][1], 0, changed, np.ones(15, dtype=bool))
    check(made["regulators alone, own level zeroed"][1], 0, changed, pairs.gene == 1)
    assert list(found())[-1] == "across people"


def test_own_level_zeroed_must_be_of_these_pairs(refuses: Refuses) -> None:
    pairs = table()
    with refuses():
        pairs.where(pairs.gene == 0).replaced_by(pairs.where(pairs.gene == 1))
    with refuses():
        pairs.replaced_by(pairs.where(np.array([3, 3])))
    with refuses("4", "5"):
        found(zeroed=pairs.where(np.flatnonzero(pairs.gene == 1)[:4]))


def test_a_part_without_regulators_has_no_zeroed_views() -> None:
    pairs, none = table(), np.zeros(3, dtype=bool)
    made = views(pairs, GENES, SAMPLES, none, none, 1.0, 2, pairs.where(none[pairs.gene]))
    assert [view.name for view in made] == [view.name for view in views(pairs, GENES, SAMPLES, none, none, 1.0, 2)]


def test_summary_by_hand() -> None:
    made = views(table(), GENES, SAMPLES, np.array([False, True, False]), SHARED, 1.0, 2)
    shown = summary_table(made)
    row = next(i for i, view in enumerate(shown["view"]) if view == "across genes" and shown["metric"][i] == "accuracy")
    values = next(view for view in made if view.name == "across genes").metrics["accuracy"]
    assert [shown[name][row] for name in ("minimum_pairs", "groups", "undefined_groups", "pairs")] == [
        "2",
        "5",
        "0",
        "15",
    ]
    assert float(shown["mean"][row]) == pytest.approx(values.mean(), rel=1e-5)
    assert float(shown["median"][row]) == pytest.approx(np.median(values), rel=1e-5)
    assert "pairs" not in shown["metric"]
    groups = group_table(made)
    assert len(groups["view"]) == sum(len(view.labels) for view in made)
    assert set(map(len, groups.values())) == {len(groups["view"])}
    assert "nan" not in {value for column in groups.values() for value in column}
