"""The thesis's training curves, as the project keeps them."""

from pathlib import Path

import numpy as np
import pytest
from helpers.fixtures import Refuses
from tr300m.base.files import read_tsv, write_tsv
from tr300m.results.thesis_curves import read_thesis_curves

CURVES = Path(__file__).parents[2] / "resources/thesis_curves.tsv"


def test_the_runs_and_their_epochs() -> None:
    curves = read_thesis_curves(CURVES)
    assert {run: len(columns["step"]) for run, columns in curves.items()} == {
        "seq": 10, "seq_tf": 10, "seq_tf_df": 10, "seq_tf_core": 10, "seq_tf_core_hm": 19, "seq_core_hm": 10,
        "final": 20,
    }  # fmt: skip
    assert curves["final"]["step"][-1] == 200_000
    # The first row of the file.
    first = {name: column[0] for name, column in curves["seq"].items()}
    assert first == {
        "step": 10_000, "loss": 3.2376, "pearson": 0.0335, "log_pearson": 0.1007, "accuracy": 0.5453,
        "val_loss": 3.6050, "val_pearson": 0.0245, "val_log_pearson": 0.1470, "val_accuracy": 0.5716,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("val_loss", None, "val_loss"),
        ("loss", "x", "'x'"),
        ("epoch", "3", "seq"),
    ],
)
def test_refused_files(tmp_path: Path, refuses: Refuses, column: str, value: str | None, message: str) -> None:
    table = {name: values[:3].tolist() for name, values in read_tsv(CURVES).items()}
    if value is None:
        del table[column]
    else:
        table[column][1] = value
    write_tsv(tmp_path / "curves.tsv", {name: np.array(values) for name, values in table.items()})
    with refuses("/curves.tsv", message):
        read_thesis_curves(tmp_path / "curves.tsv")
