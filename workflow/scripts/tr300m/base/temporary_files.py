"""Names of temporary files, and removal of those that killed processes left."""

import os
import re
import socket
import time
from contextlib import suppress
from pathlib import Path

ABANDONED = 86_400
"""Age in seconds after which the temporary file of another machine is deleted."""


def temporary_path(final: Path) -> Path:
    """Return the temporary path of a file for this process: it contains machine, process and the file's name."""
    return final.with_name(f".tr300m-{socket.gethostname()}-{os.getpid()}.{final.name}")


def remove_abandoned(final: Path) -> None:
    """Delete temporary files of `final` whose process has ended.

    If the process ran on another machine that shares the folder, the age of the file decides.
    """
    pattern = re.compile(rf"\.tr300m-(.+)-(\d+)\.{re.escape(final.name)}")
    for name in os.listdir(final.parent):
        if found := pattern.fullmatch(name):
            other, host, process = final.with_name(name), found[1], int(found[2])
            # Another process may delete the file at the same time, and one of another user's may have to stay.
            with suppress(FileNotFoundError, PermissionError):
                old = time.time() - other.lstat().st_mtime > ABANDONED
                if old if host != socket.gethostname() else not _is_running(process):
                    other.unlink()


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    return True
