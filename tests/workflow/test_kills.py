"""A run that is killed with all its jobs, as by the loss of a machine, ends like one that was not."""

import shutil
from pathlib import Path

import pytest
from helpers import killed_run
from helpers.killed_run import RESULTS
from tr300m.base.files import read_json

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


def test_three_kills_change_no_byte(tmp_path: Path) -> None:
    whole, killed = (killed_run.prepare(tmp_path / name) for name in ("whole", "killed"))
    killed_run.finish(whole)
    results = killed / RESULTS
    moments = (
        # While arrays are made.
        lambda: any(results.glob("dataset/*.npy")),
        # In the training.
        lambda: killed_run.last_step(killed) >= 4,
        # When it is complete, before or while its predictions are made.
        lambda: (results / "runs/seq/run.json").exists(),
    )
    for number, due in enumerate(moments):
        assert killed_run.kill_when(killed, due), number
        assert not (results / "table1.tsv").exists()
        if number == 0:
            # What the user sees next says what to do.
            assert killed_run.start(killed).wait(100) != 0
            said = (killed / "output.txt").read_text()
            assert "--unlock" in said[said.rindex("LockException") :]
        killed_run.unlock(killed)
    # Snakemake alone: the training goes on to its end, and is kept if Snakemake is told so.
    shutil.rmtree(killed / killed_run.CHECKPOINTS, ignore_errors=True)
    killed_run.kill_snakemake_when(killed, lambda: killed_run.last_step(killed) >= 4)
    record = results / "runs/seq/run.json"
    trained = record.stat().st_mtime_ns
    killed_run.unlock(killed)
    killed_run.keep_training(killed)
    killed_run.finish(killed)
    assert record.stat().st_mtime_ns == trained
    expected = killed_run.tables(whole)
    assert {"table1.tsv", "baselines.tsv", "dataset/expression.npy"} <= set(expected)
    assert killed_run.differences(killed, expected) == []
    assert killed_run.leftovers(killed) == []
    assert read_json(whole / RESULTS / "runs/seq/run.json")["resumed_at"] == []
