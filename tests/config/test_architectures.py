"""Architectures: keys, labels, the table."""

from pathlib import Path

import pytest
from helpers.fixtures import Refuses
from tr300m.config.architectures import Architecture, read_architectures

LABELS = {
    "seq": "Seq",
    "seq_tf": "Seq + TF",
    "seq_tf_df": "Seq + TF + DF",
    "seq_tf_core": "Seq + TF + Core",
    "seq_tf_core_hm": "Seq + TF + Core + HM",
    "seq_core_hm": "Seq + Core + HM",
    "seq_tf_hm": "Seq + TF + HM",
}
HEADER = "architecture\tfamily\tlabel\ttf\tcore\thm\tdistance\n"


@pytest.mark.parametrize("key", LABELS)
def test_a_key_says_its_inputs(key: str) -> None:
    architecture = Architecture.from_key(key)
    parts = key.split("_")
    switches = (architecture.tf, architecture.core, architecture.hm, architecture.distance)
    assert switches == tuple(token in parts for token in ("tf", "core", "hm", "df"))
    assert architecture.label == LABELS[key]


@pytest.mark.parametrize("key", ["", "tf", "seq_core_tf", "seq_tf_tf", "seq_TF", "seq_rna", "seq_"])
def test_a_bad_key_is_refused(key: str, refuses: Refuses) -> None:
    with refuses(f"{key!r}", "seq, tf, df, core, hm"):
        Architecture.from_key(key)


def test_the_distance_factor_needs_levels(refuses: Refuses) -> None:
    with refuses("seq_df", "`tf`"):
        Architecture.from_key("seq_df")


def test_the_table_equals_the_keys(tmp_path: Path) -> None:
    path = tmp_path / "architectures.tsv"
    lines = []
    for key, label in LABELS.items():
        a = Architecture.from_key(key)
        lines.append(f"{key}\tpairwise\t{label}\t{a.tf:d}\t{a.core:d}\t{a.hm:d}\t{a.distance:d}\n")
    path.write_text(HEADER + "".join(lines))
    assert read_architectures(path) == {key: Architecture.from_key(key) for key in LABELS}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER + "a\tpairwise\tA\t1\t0\t0\tyes\n", "0"),
        (HEADER + "a\tpairwise\tA\t1\t0\t0\t0\na\tpairwise\tB\t1\t0\t0\t0\n", "a"),
        (HEADER + "a\tpairwise\tA\t0\t0\t0\t1\n", "`tf`"),
        (HEADER + "a\tlinear\tA\t1\t0\t0\t0\n", "linear"),
        (HEADER + "bilinear\tfactorised\tA\t1\t1\t0\t0\n", "`core`"),
        (HEADER + "bilinear\tfactorised\tA\t1\t0\t0\t1\n", "`distance`"),
        (HEADER + "bilinaer\tfactorised\tA\t1\t0\t0\t0\n", "bilinear, bilinear_trees"),
        ("architecture\tlabel\ttf\tcore\thm\tdistance\na\tA\t0\t0\t0\t0\n", "family"),
        ("architecture\tfamily\tlabel\ttf\tcore\thm\na\tpairwise\tA\t0\t0\t0\n", "distance"),
    ],
)
def test_a_bad_table_is_refused(text: str, message: str, tmp_path: Path, refuses: Refuses) -> None:
    path = tmp_path / "architectures.tsv"
    path.write_text(text)
    with refuses(message):
        read_architectures(path)
