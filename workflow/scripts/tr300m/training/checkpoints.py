"""Checkpoints: a training's state on disk, so that a killed run goes on where it was."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base.files import sha256

_DIGEST_DIGITS = 16
_RECORD_ENTRY = "record"
"""Name of the entry that holds everything but arrays, as JSON."""


def inputs_key(inputs: Mapping[str, Any]) -> str:
    """Return a hash of all that a run's result depends on: a run goes on from its own checkpoints only."""
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:_DIGEST_DIGITS]


class Checkpoints:
    """The checkpoints of one run, `step_NUMBER-DIGEST.npz`, the newest `keep` of them.

    The digest is the start of the file's SHA-256: a file is known to be whole by its name alone, and appears in one
    rename.

    Parameters
    ----------
    folder
        Of all trainings of the run's name.
    key
        Names the folder inside for this run's inputs.
    keep
        How many stay.
    """

    def __init__(self, folder: Path | str, key: str, keep: int = 2) -> None:
        self.root = Path(folder)
        self.folder = self.root / key
        self.keep = keep

    def files(self) -> list[Path]:
        """Return the checkpoints there are, the newest first; whether they are whole is not looked at."""
        # Numbers have leading zeros: the order of the names is that of the steps.
        return sorted(self.folder.glob(f"step_*-{'[0-9a-f]' * _DIGEST_DIGITS}.npz"), reverse=True)

    def save(self, step: int, arrays: Mapping[str, NDArray[Any]], record: Mapping[str, Any]) -> Path:
        """Write a checkpoint and delete the oldest above `keep`.

        Parameters
        ----------
        step
            Steps taken so far.
        arrays
            By name; ``record`` is taken.
        record
            Anything JSON can hold.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        text = np.frombuffer(json.dumps(record).encode(), np.uint8)
        part = self.folder / "part"
        with open(part, "wb") as handle:
            np.savez(handle, allow_pickle=False, **arrays, **{_RECORD_ENTRY: text})
            handle.flush()
            os.fsync(handle.fileno())
        final = self.folder / f"step_{step:012d}-{sha256(part)[:_DIGEST_DIGITS]}.npz"
        part.replace(final)
        for old in self.files()[self.keep :]:
            old.unlink()
        return final

    def load(self, log: Callable[[str], object]) -> tuple[dict[str, NDArray[Any]], dict[str, Any]] | None:
        """Return arrays and record of the newest whole checkpoint, or None; `log` is told of damaged ones."""
        for path in self.files():
            if sha256(path)[:_DIGEST_DIGITS] != path.stem[-_DIGEST_DIGITS:]:
                log(f"{path} is damaged: it is passed over")
                continue
            with np.load(path, allow_pickle=False) as stored:
                arrays = dict(stored)
            return arrays, json.loads(arrays.pop(_RECORD_ENTRY).tobytes())
        return None

    def strangers(self) -> list[Path]:
        """Return the folders of the run's trainings with other inputs: another configuration, edition or code."""
        return sorted(path for path in self.root.glob("*") if path.is_dir() and path != self.folder)

    def delete(self) -> None:
        """Delete all checkpoints of the run, those with other inputs too."""
        shutil.rmtree(self.root, ignore_errors=True)
