"""Checkpoints: corrupt or stale ones are not used, and a killed run ends like one that was not killed."""

# isort: off
from tr300m.model import devices

# isort: on
import signal
import socket
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from helpers.child import start_child
from helpers.fixtures import Refuses, says
from helpers.toy_training import TRAINING, fit, fit_until, same, weights
from tr300m.base.files import read_json, read_tsv
from tr300m.training.checkpoints import Checkpoints, inputs_key
from tr300m.training.config import ComputeConfig
from tr300m.training.history import HISTORY_COLUMNS

ARRAYS = {"a": np.arange(5, dtype=np.int64), "b.0": np.ones((2, 3), np.float32)}
STEPS = 300
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def damage(path: Path) -> None:
    """Change one byte in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, "key")
    assert kept.load() is None
    path = kept.save(7, ARRAYS, {"step": 7, "rows": [{"loss": 0.1}]})
    assert path.parent == tmp_path / "key"
    loaded = Checkpoints(tmp_path, "key").load()
    assert loaded is not None
    arrays, record = loaded
    assert record == {"step": 7, "rows": [{"loss": 0.1}]}
    assert {name: x.dtype for name, x in arrays.items()} == {name: x.dtype for name, x in ARRAYS.items()}
    for name, value in ARRAYS.items():
        assert np.array_equal(arrays[name], value)


def test_a_checkpoint_that_may_not_be_read_stops_the_training(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refuses: Refuses, capsys: pytest.CaptureFixture[str]
) -> None:
    """One of another user: to begin anew beside it would be the greater loss. One that has gone is passed over."""
    kept = Checkpoints(tmp_path, "key")
    kept.save(1, ARRAYS, {"step": 1})
    newest = kept.save(2, ARRAYS, {"step": 2})
    error: OSError = PermissionError(13, "Permission denied")
    read = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path == newest:
            raise error
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with refuses(newest.name, "Permission denied"):
        kept.load()
    error = FileNotFoundError(2, "No such file or directory")
    loaded = kept.load()
    assert loaded is not None and loaded[1] == {"step": 1}
    assert newest.name in capsys.readouterr().err


def test_the_newest_are_kept(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, "key", keep=2)
    # 9 before 10: the order is that of numbers.
    for step in (8, 9, 10):
        kept.save(step, ARRAYS, {"step": step})
    assert [path.name[:17] for path in kept.files()] == ["step_000000000010", "step_000000000009"]
    assert sorted(path.name for path in kept.folder.iterdir()) == sorted(path.name for path in kept.files())


@pytest.mark.parametrize("how", ["a byte changed", "cut off", "emptied"])
def test_a_damaged_checkpoint_is_told_and_the_one_before_used(
    how: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = Checkpoints(tmp_path, "key")
    kept.save(1, ARRAYS, {"step": 1})
    newest = kept.save(2, ARRAYS, {"step": 2})
    if how == "a byte changed":
        damage(newest)
    else:
        newest.write_bytes(newest.read_bytes()[:-7] if how == "cut off" else b"")
    loaded = kept.load()
    assert loaded is not None and loaded[1] == {"step": 1}
    (line,) = capsys.readouterr().err.splitlines()
    assert str(newest) in line
    damage(kept.files()[1])
    assert kept.load() is None


def test_a_write_that_was_cut_short_is_no_checkpoint(tmp_path: Path) -> None:
    kept = Checkpoints(tmp_path, "key")
    kept.save(1, ARRAYS, {"step": 1})
    ended = subprocess.Popen(["true"])
    ended.wait()
    part = kept.folder / f".tr300m-{socket.gethostname()}-{ended.pid}.checkpoint"
    part.write_bytes(b"half")
    loaded = kept.load()
    assert loaded is not None and loaded[1] == {"step": 1}
    kept.save(2, ARRAYS, {"step": 2})
    assert not part.exists()


def test_keys_tell_inputs_apart(tmp_path: Path) -> None:
    first = inputs_key({"seed": 3, "network": {"width": 1, "length": 2}})
    assert first == inputs_key({"network": {"length": 2, "width": 1}, "seed": 3})
    assert first != inputs_key({"seed": 4, "network": {"width": 1, "length": 2}})
    Checkpoints(tmp_path, "one").save(1, ARRAYS, {})
    other = Checkpoints(tmp_path, "two")
    assert other.load() is None
    assert other.stale() == [tmp_path / "one"]


def test_only_the_checkpoints_of_the_same_inputs_are_deleted(tmp_path: Path) -> None:
    one, other = (Checkpoints(tmp_path / "run", key) for key in ("one", "two"))
    one.save(1, ARRAYS, {})
    other.save(1, ARRAYS, {})
    one.delete()
    assert one.load() is None and other.load() is not None
    other.delete()
    assert not (tmp_path / "run").exists()
    other.delete()


@pytest.mark.slow
def test_a_run_resumes_from_its_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = {"steps": 25, "checkpoints": tmp_path / "kept", "compute": ComputeConfig(checkpoint_steps=4)}
    fit_until(20, tmp_path / "run", **settings)
    files = sorted(path.name[:17] for path in (tmp_path / "kept").rglob("*.npz"))
    assert files == ["step_000000000012", "step_000000000016"]
    capsys.readouterr()
    history = fit(tmp_path / "run", **settings)
    assert any(says(line, "16") for line in capsys.readouterr().err.splitlines())
    whole = fit(tmp_path / "whole", steps=25)
    assert same(tmp_path / "run", tmp_path / "whole")
    for column in set(HISTORY_COLUMNS) - {"seconds", "pairs_per_second"}:
        assert history[column] == whole[column], column
    assert read_json(tmp_path / "run" / "run.json")["resumed_at"] == [16]
    assert read_json(tmp_path / "whole" / "run.json")["resumed_at"] == []
    pair_states = {read_json(tmp_path / name / "run.json")["pair_state"] for name in ("run", "whole")}
    assert len(pair_states) == 1
    assert not (tmp_path / "kept").exists()


@pytest.mark.slow
def test_checkpoints_by_time_change_nothing(tmp_path: Path) -> None:
    fit(tmp_path / "a", steps=15, checkpoints=tmp_path / "kept", compute=ComputeConfig(checkpoint_minutes=0))
    fit(tmp_path / "b", steps=15)
    assert same(tmp_path / "a", tmp_path / "b")


@pytest.mark.slow
def test_checkpoints_of_other_inputs_are_told_and_not_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = {"steps": 25, "checkpoints": tmp_path / "kept", "compute": ComputeConfig(checkpoint_steps=4)}
    fit_until(20, tmp_path / "run", **settings)
    capsys.readouterr()
    fit(tmp_path / "run", seed=4, **settings)
    assert any(says(line, "kept") for line in capsys.readouterr().err.splitlines())
    assert read_json(tmp_path / "run" / "run.json")["resumed_at"] == []


@pytest.mark.slow
def test_neither_threads_nor_calls_part_a_run_from_its_checkpoints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"steps": 25, "checkpoints": tmp_path / "kept", "compute": ComputeConfig(checkpoint_steps=4)}
    fit_until(20, tmp_path / "run", **settings)
    capsys.readouterr()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(devices, "device_name", lambda threads, count: "CPU, 99 threads")
        fit(tmp_path / "run", steps_per_call=3, **settings)
    assert f"CPU, {devices.cores()} thread" in capsys.readouterr().err
    assert read_json(tmp_path / "run" / "run.json")["resumed_at"] == [16]


def test_settings_are_checked(refuses: Refuses) -> None:
    with refuses("checkpoint_minutes", "-1"):
        ComputeConfig(checkpoint_minutes=-1)
    with refuses("checkpoint_steps", "-1"):
        ComputeConfig(checkpoint_steps=-1)
    with refuses("0"):
        ComputeConfig(devices=0)


def train_long(out: Path, checkpoints: Path) -> None:
    """Train the toy so long that it can be killed on the way."""
    fit(
        out,
        steps=STEPS,
        epoch_steps=40,
        steps_per_call=5,
        threads=1,
        checkpoints=checkpoints,
        compute=ComputeConfig(checkpoint_steps=7),
    )


def train_one(path: str) -> None:
    train_long(Path(path) / "run", Path(path) / "kept")


def train_both(path: str) -> None:
    """Go on with the killed run, then do the same without a break."""
    train_one(path)
    train_long(Path(path) / "whole", Path(path) / "none")


@pytest.mark.slow
@pytest.mark.parametrize(("backend", "kill"), [("tensorflow", signal.SIGKILL), ("jax", signal.SIGTERM)])
def test_a_killed_run_ends_like_one_that_was_not(backend: str, kill: signal.Signals, tmp_path: Path) -> None:
    """By SIGKILL, as of a lack of memory or a node, and by SIGTERM, as at the end of a cluster's time limit."""
    pytest.importorskip(backend)
    killed = start_child(train_one, tmp_path, KERAS_BACKEND=backend)
    while killed.poll() is None and len(list(tmp_path.glob("kept/*/step_*.npz"))) < 2:
        time.sleep(0.002)
    killed.send_signal(kill)
    _, errors = killed.communicate()
    assert killed.returncode == -kill, errors
    assert not (tmp_path / "run").exists()
    newest, before = sorted(tmp_path.glob("kept/*/step_*.npz"), reverse=True)
    damage(newest)

    again = start_child(train_both, tmp_path, KERAS_BACKEND=backend)
    _, said = again.communicate()
    assert again.returncode == 0, said
    assert str(newest) in said
    step = int(before.name[5:17])
    assert 0 < step < STEPS / 2
    assert says(said, str(step))
    assert same(tmp_path / "run", tmp_path / "whole")
    records = {name: read_json(tmp_path / name / "run.json") for name in ("run", "whole")}
    assert records["run"]["resumed_at"] == [step] and records["whole"]["resumed_at"] == []
    for key in ("pair_state", "backend", "threads", "seed"):
        assert records["run"][key] == records["whole"][key]
    assert records["run"]["backend"] == backend and records["run"]["threads"] == 1
    tables = {name: read_tsv(tmp_path / name / "history.tsv") for name in ("run", "whole")}
    for column in set(HISTORY_COLUMNS) - {"seconds", "pairs_per_second"}:
        assert np.array_equal(tables["run"][column], tables["whole"][column]), column
    assert not (tmp_path / "kept").exists()
    assert len(weights(tmp_path / "run")) > 10 and TRAINING.batch_size == 16
