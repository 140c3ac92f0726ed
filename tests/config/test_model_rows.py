"""Which models the table of all models shows, and where they were scored."""

from pathlib import Path

from tr300m.config.evaluated import ModelRow
from tr300m.config.model_rows import model_rows
from tr300m.config.settings import resolve

ROOT = Path(__file__).parents[2]
HEADER = "run\tarchitecture\tsplit\tlikelihood\tcontrol\tscan\tseed\tsteps\toptions\n"


def row(run: str, architecture: str = "seq", split: str = "thesis", control: str = "none", seed: int = 3) -> str:
    if architecture.startswith("bilinear"):
        return f"{run}\t{architecture}\t{split}\tzero_lognormal_mixture\t{control}\t-\t{seed}\t-\t-\n"
    return f"{run}\t{architecture}\t{split}\tnb_exponential\t{control}\ton_the_fly\t{seed}\t9\t-\n"


def rows(folder: Path, *lines: str, **config: object) -> list[ModelRow]:
    (folder / "runs.tsv").write_text(HEADER + "".join(lines))
    baselines = {"names": ["sample_median", "gene_tissue_mean"]}
    return model_rows(resolve({"runs": str(folder / "runs.tsv"), "baselines": baselines, **config}, ROOT).selection)


def test_all_families_on_both_parts_of_the_split_of_table_1(tmp_path: Path) -> None:
    (tmp_path / "mine.tsv").write_text("gene\tsample\tmedian\n")
    found = rows(
        tmp_path,
        row("a"),
        row("b", "bilinear"),
        row("elsewhere", split="donor"),
        external_predictions={"mine": str(tmp_path / "mine.tsv")},
    )
    validation, test = found[:5], found[5:]
    assert [one.folder for one in validation] == [
        "runs/a", "runs/b", "external/thesis/mine", "baselines/thesis/sample_median",
        "baselines/thesis/gene_tissue_mean",
    ]  # fmt: skip
    assert [one.family for one in validation] == ["pairwise", "factorised", "external", "baseline", "baseline"]
    assert {(one.split, one.part) for one in validation} == {("thesis", "validation")}
    assert test == [one._replace(part="test") for one in validation]
    assert [one.model for one in found if one.proper] == ["b", "b"]
    assert [one.model for one in found if one.own_expression] == ["gene_tissue_mean"] * 2


def test_neither_controls_nor_further_seeds_are_rows(tmp_path: Path) -> None:
    found = rows(
        tmp_path,
        row("a", "seq_tf"),
        row("a4", "seq_tf", seed=4),
        row("late", "seq_tf", control="permute_levels_at_evaluation"),
        row("b", "bilinear"),
        row("b4", "bilinear", seed=4),
        row("permuted", "bilinear", control="permute_histones"),
    )
    assert [one.model for one in found if one.family != "baseline"] == ["a", "b"] * 2


def test_folds_are_scored_together_on_test(tmp_path: Path) -> None:
    """A split of Table 1 that is a fold has no rows of its own; labels name no single fold."""
    splits = [f"leave_out_chr{number}" for number in (1, 2)]
    found = rows(
        tmp_path,
        *(row(f"a{split[-1]}", split=split) for split in splits),
        *(row(f"b{split[-1]}", "bilinear", split) for split in splits),
        row("lone", "bilinear_trees", splits[0]),
    )
    assert [(one.folder, one.family, one.model, one.label) for one in found] == [
        ("folds/leave_out/runs/a1", "pairwise", "seq", "Seq"),
        ("folds/leave_out/runs/b1", "factorised", "bilinear", "Bilinear"),
        ("folds/leave_out/baselines/sample_median", "baseline", "sample_median", "Sample median"),
    ]
    assert {(one.split, one.part) for one in found} == {("leave_out", "test")}


def test_folds_stand_below_the_split_of_table_1(tmp_path: Path) -> None:
    found = rows(tmp_path, row("a"), *(row(f"b{fold}", "bilinear", f"chromosome_{fold}") for fold in (1, 2)))
    assert list(dict.fromkeys((one.split, one.part) for one in found)) == [
        ("thesis", "validation"), ("thesis", "test"), ("chromosome", "test"),
    ]  # fmt: skip


def test_without_a_network_of_table_1_there_is_no_table_1(tmp_path: Path) -> None:
    (tmp_path / "runs.tsv").write_text(HEADER + row("b", "bilinear") + row("final", "bilinear_trees"))
    selection = resolve({"runs": str(tmp_path / "runs.tsv")}, ROOT).selection
    assert not {"table1", "table2"} & {*selection.tables, *selection.pages}
    assert not {"table1", "reliability"} & {*selection.figures}
    assert "models" in selection.figures and "models" in selection.tables
    assert selection.missing_tables()[0].startswith("Table 2:")
