"""The table and the figure of all models: order, references, differences, densities that are not proper."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from helpers.drawn import nothing_is_cut_off, texts
from helpers.fixtures import Refuses, says
from tr300m.config.evaluated import ModelRow
from tr300m.metrics.intervals import Draws, percentile_interval
from tr300m.metrics.score import FAILED
from tr300m.results.evaluated_models import EvaluatedModel
from tr300m.results.figures.model_forest import model_forest
from tr300m.results.metric_table import LABEL, OWN_TABLES, range_text
from tr300m.results.model_table import HEADLINE, ScoredModel, model_columns, reference_notes, references
from tr300m.results.write_table import format_console

DRAWS = 50
BASELINE_DIFFERENCE = "Log Pearson Correlation minus best baseline"
NETWORK_DIFFERENCE = "Log Pearson Correlation minus best network"


def scored(
    family: str, model: str, level: float, place: str = "thesis validation", key: str = "", **other: Any
) -> ScoredModel:
    """Return a model all of whose metrics are `level`, with draws around it from the seed of its name."""
    split, part = place.split()
    metrics: dict[str, Any] = {**dict.fromkeys(OWN_TABLES, level), "nll": 2.5, "pairs": 12, **other.pop("metrics", {})}
    if other.get("proper"):
        metrics |= {"crps": 3.25, "coverage_90": 0.915}
    rng = np.random.default_rng(list(f"{family}{model}{part}".encode()))
    drawn = {name: level + 0.01 * rng.normal(size=DRAWS) for name in (*OWN_TABLES, "nll", "crps", "coverage_90")}
    tables: Any = dict.fromkeys(("both", "genes", "donors"), drawn)
    row = ModelRow(f"{family}/{model}", family, model, model.title(), split, part, **other)
    return ScoredModel(row, EvaluatedModel(row.label, metrics, Draws(row.folder, key or place, tables)))


def all_models() -> list[ScoredModel]:
    return [
        scored("pairwise", "seq", 0.3),
        scored("pairwise", "seq_tf", 0.4),
        scored("factorised", "bilinear", 0.7, proper=True),
        scored("baseline", "trees", 0.6),
        scored("baseline", "sample_median", 0.1),
        scored("baseline", "gene_tissue_mean", 0.9, own_expression=True),
        # On test another baseline and another network are ahead.
        scored("pairwise", "seq", 0.45, "thesis test"),
        scored("pairwise", "seq_tf", 0.41, "thesis test"),
        scored("factorised", "bilinear", 0.72, "thesis test", proper=True),
        scored("baseline", "trees", 0.5, "thesis test"),
        scored("baseline", "sample_median", 0.55, "thesis test"),
        scored("factorised", "bilinear", 0.6, "chromosome test", proper=True),
        scored("baseline", "sample_median", 0.2, "chromosome test"),
    ]


def cells(columns: Mapping[str, list[str]], name: str, place: str) -> dict[str, str]:
    """Return a column of one split and part by the label of the row."""
    rows = zip(columns[LABEL], columns["Split"], columns["Part"], columns[name], strict=True)
    return {label: text for label, split, part, text in rows if f"{split} {part}" == place}


def test_the_best_stands_first_in_each_part_and_the_parts_in_order() -> None:
    columns = model_columns(all_models())
    assert list(columns)[:7] == [LABEL, "Split", "Part", *(OWN_TABLES[key] for key in HEADLINE)]
    assert list(cells(columns, "Part", "thesis validation")) == [
        "Gene_Tissue_Mean", "Bilinear", "Trees", "Seq_Tf", "Seq", "Sample_Median",
    ]  # fmt: skip
    assert list(cells(columns, "Part", "thesis test")) == ["Bilinear", "Sample_Median", "Trees", "Seq", "Seq_Tf"]
    assert list(dict.fromkeys(columns["Split"])) == ["thesis", "chromosome"]


def test_references_are_chosen_on_validation_and_kept_on_test() -> None:
    """The genes' own expression is no reference; without a validation part the test part chooses."""
    assert references(all_models()) == {
        ("thesis", "baseline"): "trees",
        ("thesis", "pairwise"): "seq_tf",
        ("chromosome", "baseline"): "sample_median",
    }
    columns = model_columns(all_models())
    assert cells(columns, BASELINE_DIFFERENCE, "thesis validation")["Bilinear"] == "10.0"
    test = cells(columns, BASELINE_DIFFERENCE, "thesis test")
    assert (test["Bilinear"], test["Trees"], test["Sample_Median"]) == ("22.0", "-", "5.0")
    assert cells(columns, NETWORK_DIFFERENCE, "thesis test")["Bilinear"] == "31.0"
    assert cells(columns, NETWORK_DIFFERENCE, "chromosome test")["Bilinear"] == "-"
    notes = reference_notes(all_models())
    assert says(notes[0], "thesis", "Trees", "Seq_Tf", "validation") and says(notes[1], "chromosome", "Sample_Median")


def test_intervals_of_differences_are_those_of_the_paired_draws() -> None:
    models = all_models()
    columns = model_columns(models)
    ours, trees = (one.model.draws.tables["both"]["doubly_centred"] for one in (models[2], models[3]))
    interval = cells(columns, "Doubly Centred minus best baseline, 95 % interval", "thesis validation")["Bilinear"]
    assert interval == range_text(percentile_interval(ours - trees))


def test_models_on_other_pairs_are_not_compared(refuses: Refuses) -> None:
    with refuses("different pairs"):
        model_columns([scored("baseline", "trees", 0.5), scored("factorised", "bilinear", 0.6, key="others")])


def test_metrics_of_proper_densities_are_shown_of_these_only() -> None:
    columns = model_columns(all_models())
    for name, text in (("NLL", "2.500"), ("CRPS", "3.250"), ("Coverage of 90 % intervals", "91.5")):
        for part in ("validation", "test"):
            shown = cells(columns, name, f"thesis {part}")
            assert shown.pop("Bilinear") == text
            assert set(shown.values()) == {"-"}
        intervals = cells(columns, f"{name}, 95 % interval", "thesis validation")
        assert " to " in intervals.pop("Bilinear")
        assert set(intervals.values()) == {"undefined"}
    order = list(columns)
    assert order[order.index("NLL") :][:4] == ["NLL", "CRPS", "Coverage of 90 % intervals", "Pairs"]


def test_a_proper_density_without_its_metrics_is_refused(refuses: Refuses) -> None:
    with refuses("Bilinear", "crps, coverage_90"):
        one = scored("factorised", "bilinear", 0.6)
        model_columns([one._replace(row=one.row._replace(proper=True))])


def test_a_proper_density_that_failed_has_no_metrics() -> None:
    undefined: dict[str, Any] = {**dict.fromkeys(OWN_TABLES, math.nan), FAILED: "3 predictions are NaN"}
    columns = model_columns([scored("factorised", "bilinear", 0.6, proper=True, metrics=undefined)])
    assert [columns[name] for name in ("NLL", "CRPS", "Coverage of 90 % intervals")] == [[FAILED]] * 3


def test_a_model_that_failed_stands_last_and_is_no_reference() -> None:
    undefined: dict[str, Any] = {**dict.fromkeys(OWN_TABLES, math.nan), FAILED: "3 predictions are NaN"}
    models = [scored("baseline", "trees", 0.5, metrics=undefined), *all_models()[:3]]
    columns = model_columns(models)
    assert columns[LABEL][-1] == "Trees"
    assert columns["Log Pearson Correlation"][-1] == FAILED
    assert columns[NETWORK_DIFFERENCE][-1] == FAILED
    assert set(columns[BASELINE_DIFFERENCE]) == {"-"}


def test_one_model_alone_is_a_table() -> None:
    columns = model_columns([scored("factorised", "bilinear", 0.6)])
    assert columns[BASELINE_DIFFERENCE] == columns[NETWORK_DIFFERENCE] == ["-"]
    assert reference_notes([scored("factorised", "bilinear", 0.6)]) == []


def test_no_model_is_refused(refuses: Refuses) -> None:
    with refuses("no rows"):
        model_columns([])
    with refuses("no rows"):
        model_forest([])


def test_the_first_columns_fit_a_terminal() -> None:
    lines = format_console(model_columns(all_models()), 9).splitlines()
    assert max(map(len, lines)) < 150
    assert "minus best" in " ".join(lines[:6]) and "Family" not in " ".join(lines[:6])
    assert any("to" in line for line in lines[6:])


@pytest.mark.parametrize("count", [1, 3, 13])
def test_the_figure_names_all_models_and_splits(count: int) -> None:
    models = all_models()[:count]
    figure = model_forest(models, subtitle="Simulated data")
    shown = texts(figure)
    assert len(figure.axes) == len(HEADLINE)
    assert nothing_is_cut_off(figure)
    for one in models:
        assert one.row.label in shown
        assert f"`{one.row.split}`" in shown


def test_the_figure_draws_every_value_of_every_part() -> None:
    models = all_models()
    panel = model_forest(models).axes[0]
    drawn = sorted(round(float(x), 6) for line in panel.lines for x in line.get_xdata() if line.get_marker() == "o")
    assert drawn == sorted(round(100 * float(one.model.metrics["log_pearson"]), 6) for one in models)


def test_a_figure_without_defined_values_says_so() -> None:
    undefined: dict[str, Any] = dict.fromkeys(OWN_TABLES, math.nan)
    figure = model_forest([scored("baseline", "trees", 0.5, metrics=undefined)])
    assert "none has a log Pearson" in texts(figure)
