"""Checkpoints: the state of a training on disk, so that a killed run resumes where it stopped."""

import hashlib
import io
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base.disk import disk_errors
from ..base.errors import TR300MError
from ..base.files import sha256
from ..base.progress import log
from ..base.temporary_files import remove_abandoned, temporary_path

_DIGEST_DIGITS = 16
_RECORD_ENTRY = "record"
"""Name of the entry that holds everything except arrays, as JSON."""
_PART = "checkpoint"
"""Name of a checkpoint that is being written."""


def inputs_key(inputs: Mapping[str, Any]) -> str:
    """Return a hash of all that a run's result depends on; a run resumes only from checkpoints of its own key."""
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:_DIGEST_DIGITS]


class Checkpoints:
    """The checkpoints of one run, `step_NUMBER-DIGEST.npz`, the newest `keep` of them.

    The digest is the start of the file's SHA-256, so the name alone tells whether a file is complete. A file gets its
    name in one rename.

    Parameters
    ----------
    folder
        Folder of all trainings with the run's name.
    key
        Name of the subfolder for this run's inputs.
    keep
        How many checkpoints to keep.
    """

    def __init__(self, folder: Path | str, key: str, keep: int = 2) -> None:
        self.root = Path(folder)
        self.folder = self.root / key
        self.keep = keep

    def files(self) -> list[Path]:
        """Return the existing checkpoints, the newest first, without checking that they are complete."""
        # The step numbers have leading zeros, so sorting by name sorts by step.
        return sorted(self.folder.glob(f"step_*-{'[0-9a-f]' * _DIGEST_DIGITS}.npz"), reverse=True)

    def save(self, step: int, arrays: Mapping[str, NDArray[Any]], record: Mapping[str, Any]) -> Path:
        """Write a checkpoint and delete all but the newest `keep`.

        Parameters
        ----------
        step
            Steps taken so far.
        arrays
            Arrays by name; the name ``record`` is reserved.
        record
            Anything that JSON can hold.

        Raises
        ------
        DiskError
            If the disk is full, or the folder may not be written; the checkpoints before it stay.
        """
        text = np.frombuffer(json.dumps(record).encode(), np.uint8)
        with disk_errors(self.folder / _PART):
            self.folder.mkdir(parents=True, exist_ok=True)
            remove_abandoned(self.folder / _PART)
            part = temporary_path(self.folder / _PART)
            try:
                with open(part, "wb") as handle:
                    np.savez(handle, allow_pickle=False, **arrays, **{_RECORD_ENTRY: text})
                    handle.flush()
                    os.fsync(handle.fileno())
                final = self.folder / f"step_{step:012d}-{sha256(part)[:_DIGEST_DIGITS]}.npz"
                part.replace(final)
            finally:
                part.unlink(missing_ok=True)
        for old in self.files()[self.keep :]:
            old.unlink(missing_ok=True)
        return final

    def load(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]] | None:
        """Return the arrays and the record of the newest intact checkpoint, or None if there is none.

        Raises
        ------
        TR300MError
            If this account may not read a checkpoint: to begin anew beside it would waste what another one trained.
        """
        for path in self.files():
            try:
                content = path.read_bytes()
            except PermissionError as error:
                raise TR300MError(
                    f"cannot read the checkpoint {path}: {error.strerror}",
                    "let its owner make it readable, or delete it to train from the beginning",
                ) from None
            except OSError as error:
                log(f"{path} cannot be read ({error.strerror}), using the previous one")
                continue
            if hashlib.sha256(content).hexdigest()[:_DIGEST_DIGITS] != path.stem[-_DIGEST_DIGITS:]:
                log(f"{path} is corrupt, using the previous one")
                continue
            with np.load(io.BytesIO(content), allow_pickle=False) as stored:
                arrays = dict(stored)
            return arrays, json.loads(arrays.pop(_RECORD_ENTRY).tobytes())
        return None

    def stale(self) -> list[Path]:
        """Return the folders of checkpoints with other inputs: another configuration, edition or code."""
        return sorted(path for path in self.root.glob("*") if path.is_dir() and path != self.folder)

    def delete(self) -> None:
        """Delete the checkpoints of the run. Those with other inputs stay: another training may resume from them."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):
            self.root.rmdir()
