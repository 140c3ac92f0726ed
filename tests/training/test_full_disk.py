"""A training on a full disk ends with a message and goes on from its checkpoint when there is room."""

import os
from pathlib import Path

import pytest
from helpers.child import run_child, start_child
from helpers.fixtures import says
from helpers.small_disk import FULL
from helpers.toy_training import fit
from tr300m.base.disk import DiskError
from tr300m.base.files import read_json
from tr300m.training.config import ComputeConfig

pytestmark = pytest.mark.slow
FREE = 8192
"""Bytes of the disk that are free; the weights of the toy take more."""


def train(out: str, kept: str) -> None:
    fit(Path(out) / "run", steps=25, checkpoints=Path(kept), compute=ComputeConfig(checkpoint_steps=4), threads=1)


def train_on_full_disk(out: str, kept: str) -> None:
    """Train without room for the weights, or for checkpoints if `kept` is on the full disk."""
    free = os.statvfs(out).f_bavail * os.statvfs(out).f_frsize
    (Path(out) / "filler").write_bytes(b"x" * (free - FREE))
    with pytest.raises(DiskError) as caught:
        train(out, kept)
    print(caught.value)
    assert [path for path in Path(out).rglob("*") if path.is_file()] == [Path(out) / "filler"]


@pytest.mark.parametrize(("kept", "named"), [("kept", "run/model.weights.h5"), ("out/kept", "checkpoint")])
def test_a_training_on_a_full_disk(kept: str, named: str, tmp_path: Path) -> None:
    out, place = tmp_path / "out", tmp_path / kept
    out.mkdir()
    with start_child(train_on_full_disk, out, place, under=(FULL, out)) as child:
        said, errors = child.communicate()
    assert child.returncode == 0, errors
    assert says(said, named, str(out), "Hint: ")
    run_child(train, out, place)
    # The mount is gone, and with it the checkpoints that lay on it.
    assert read_json(out / "run" / "run.json")["resumed_at"] == ([24] if kept == "kept" else [])
