"""What an option is worth: means over seeds of metrics and of paired differences."""

from typing import Any

import numpy as np
import pytest
from helpers.fixtures import Refuses
from tr300m.config.option_groups import OptionGroup
from tr300m.metrics.intervals import Draws, percentile_interval
from tr300m.metrics.score import FAILED
from tr300m.results.evaluated_models import EvaluatedModel
from tr300m.results.metric_table import LABEL, OWN_TABLES
from tr300m.results.option_table import BY_SEED, OptionScores, mean_over_seeds, option_columns
from tr300m.results.paired_differences import MINUS

CLUSTERS = ("both", "genes", "donors")


def scored(log_pearson: float, draws: list[float], key: str = "k", **other: Any) -> EvaluatedModel:
    metrics = {**dict.fromkeys((*OWN_TABLES, "nll"), 0.25), "log_pearson": log_pearson, "pairs": 9, **other}
    tables: Any = {cluster: {"log_pearson": np.array(draws)} for cluster in CLUSTERS}
    return EvaluatedModel("x", metrics, Draws(f"{log_pearson}.npz", key, tables))


def group(label: str, references: tuple[str, ...], seeds: tuple[int, ...] = (3, 4)) -> OptionGroup:
    return OptionGroup(label, "Seq", "leave_out", "test", seeds, tuple(f"{label}{seed}" for seed in seeds), references)


PLAIN = [scored(0.40, [0.38, 0.40, 0.42]), scored(0.30, [0.28, 0.32, 0.30])]
STOPPED = [scored(0.46, [0.45, 0.45, 0.48]), scored(0.34, [0.30, 0.34, 0.38])]


def test_options_by_hand() -> None:
    scores = [OptionScores(group("Seq, a=1", ("p3", "p4")), STOPPED, PLAIN)]
    scores.append(OptionScores(group("Seq, b=1", ("p3", "p4")), PLAIN, PLAIN))
    scores.append(OptionScores(group("Seq, c=1", ("p3",), (3,)), STOPPED[:1], PLAIN[:1]))
    columns = option_columns(scores)
    assert list(columns)[:5] == [LABEL, MINUS, "Split", "Part", "Seeds"] and list(columns)[-1] == BY_SEED
    # The runs without options once for each set of seeds.
    assert columns[LABEL] == ["Seq", *["Seq, a=1"] * 2, *["Seq, b=1"] * 2, "Seq", *["Seq, c=1"] * 2]
    assert columns[MINUS] == ["", "", "Seq", "", "Seq", "", "", "Seq"]
    assert columns["Seeds"] == [*["2"] * 5, *["1"] * 3]
    # Means of 0.40 and 0.30, of 0.46 and 0.34, and their difference.
    assert columns[OWN_TABLES["log_pearson"]] == ["35.0", "40.0", "5.0", "35.0", "0.0", "40.0", "46.0", "6.0"]
    assert columns[BY_SEED][:3] == ["40.0; 30.0", "46.0; 34.0", "6.0; 4.0"]
    # Differences of the draws: 0.07, 0.05, 0.06 and 0.02, 0.02, 0.08.
    low, high = percentile_interval(np.array([0.045, 0.035, 0.07]))
    assert columns[f"{OWN_TABLES['log_pearson']}, 95 % interval"][2] == f"{100 * low:.1f} to {100 * high:.1f}"
    assert columns[f"{OWN_TABLES['log_pearson']}, 95 % interval"][4] == "0.0 to 0.0"
    assert columns["Pairs"] == ["9"] * 8


def test_a_run_that_failed_is_told() -> None:
    mean = mean_over_seeds([PLAIN[0], scored(0.3, [0.3] * 3, **{FAILED: "seed 4: not finite"})], "both")
    assert mean.metrics[FAILED] == "seed 4: not finite"


def test_runs_on_other_pairs_have_no_mean(refuses: Refuses) -> None:
    with refuses("0.4.npz", "0.2.npz"):
        mean_over_seeds([PLAIN[0], scored(0.2, [0.2] * 3, key="other")], "both")


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_the_mean_of_one_seed_is_that_seed(cluster: Any) -> None:
    mean = mean_over_seeds(PLAIN[:1], "one")
    assert mean.metrics == PLAIN[0].metrics and mean.draws.key == "k"
    assert np.array_equal(mean.draws.tables[cluster]["log_pearson"], PLAIN[0].draws.tables[cluster]["log_pearson"])
