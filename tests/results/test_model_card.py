"""Model cards: what they say, and what they say is missing."""

from pathlib import Path
from typing import Any

import pytest
from tr300m.base.files import write_json, write_tsv
from tr300m.results.model_card import NOT_FOR, WITH_MARKS, model_card

MANIFEST: dict[str, Any] = {
    "arrays": {"expression": {"shape": [1234, 56]}},
    "sources": {"expression": {"origin": "simulated", "published_checksum": "", "checksum": ""}},
    "config": {},
}
RECORD: dict[str, Any] = {
    "run": "mine",
    "architecture": {"label": "Seq + HM", "tf": False, "core": False, "hm": True, "distance": False},
    "likelihood": {"name": "nb_exponential"},
    "control": "none",
    "split": "thesis",
    "seed": 7,
    "steps": 2000,
    "edition": "release",
    "versions": {"python": "3.11.7"},
}


def written(folder: Path, **changed: Any) -> Path:
    run = folder / "runs" / "mine"
    write_json(run / "run.json", RECORD | changed)
    return run


def models(folder: Path, run: str) -> None:
    """Two parts; on the test part a baseline is better, and what reads the genes' own expression does not count."""
    write_tsv(
        folder / "models.tsv",
        {
            "Model Architecture": ["Own mean", "Seq + HM", "Ridge", "Median", "Ridge", "Seq + HM", "Other"],
            "Run or baseline": ["gene_tissue_mean", run, "ridge", "median", "ridge", run, "other"],
            "Family": ["baseline", "pairwise", "baseline", "baseline", "baseline", "pairwise", "pairwise"],
            "Split": ["thesis"] * 7,
            "Part": ["validation"] * 4 + ["test"] * 3,
            **{
                name: ["97.7", "61.1", "52.2", "43.3", "74.4", "65.5", "36.6"]
                for name in ("Log Pearson Correlation", "Across Genes", "Within Gene", "Doubly Centred")
            },
            "Spearman Correlation": ["0", "1", "2", "3", "4", "5", "6"],
            "Log Pearson Correlation, 95 % interval": [f"{row} to 99" for row in range(-1, 6)],
        },
    )


def test_a_card(tmp_path: Path) -> None:
    models(tmp_path, "mine")
    write_tsv(
        tmp_path / "evaluation/mine.test.groups.tsv",
        {
            "view": ["pooled", "per tissue", "per tissue"],
            "group": ["all", "Liver", "Lung"],
            "pairs": ["30", "10", "20"],
            "log_pearson": ["0.5", "0.25", "0.75"],
        },
    )
    card = model_card(written(tmp_path), MANIFEST)
    for text in ("mine", "Seq + HM", "histone marks", "1,234 genes, 56 samples", "`thesis`", "2,000 steps", "seed 7"):
        assert text in card
    assert "levels of regulators" not in card
    assert all(line in card for line in (*NOT_FOR, WITH_MARKS))
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in card.splitlines() if line.startswith("|")]
    assert [row[:4] for row in rows[2:6]] == [
        ["mine", "thesis", "validation", "61.1 [0 to 99]"],
        ["best baseline: Ridge", "thesis", "validation", "52.2 [1 to 99]"],
        ["mine", "thesis", "test", "65.5 [4 to 99]"],
        ["best baseline: Ridge", "thesis", "test", "74.4 [3 to 99]"],
    ]
    assert rows[-2:] == [["Lung", "20", "75.0"], ["Liver", "10", "25.0"]]
    assert "Simulated" in card


def test_folds_are_scored_together(tmp_path: Path) -> None:
    models(tmp_path, "all_folds")
    card = model_card(written(tmp_path, split="leave_out_chr1"), MANIFEST)
    assert "All folds together" in card and "| mine | thesis | validation | 61.1" in card


@pytest.mark.parametrize("exists", [False, True])
def test_what_is_missing_is_said(tmp_path: Path, exists: bool) -> None:
    if exists:
        models(tmp_path, "another")
    label = {"architecture": RECORD["architecture"] | {"label": "Unknown", "hm": False, "tf": True}}
    card = model_card(written(tmp_path, **label), MANIFEST)
    assert "`models.tsv`" in card and "levels of regulators" in card and WITH_MARKS not in card
