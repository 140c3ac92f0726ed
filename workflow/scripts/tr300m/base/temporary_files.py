"""Temporary files beside the files that they become: their names, and how those of killed processes are deleted."""

import os
import re
import socket
import time
from contextlib import suppress
from pathlib import Path

ABANDONED = 86_400
"""Age in seconds from which the temporary file of another machine counts as left behind."""


def temporary_path(final: Path) -> Path:
    """Return this process's temporary name for a file; it names machine and process, and ends like the file's name."""
    return final.with_name(f".tr300m-{socket.gethostname()}-{os.getpid()}.{final.name}")


def remove_abandoned(final: Path) -> None:
    """Delete temporary files of `final` whose process has ended.

    Of another machine's process (the folder may be shared) only the age of its file is known.
    """
    pattern = re.compile(rf"\.tr300m-(.+)-(\d+)\.{re.escape(final.name)}")
    for name in os.listdir(final.parent):
        if found := pattern.fullmatch(name):
            other, host, process = final.with_name(name), found[1], int(found[2])
            # The file may vanish meanwhile: two processes may clean up at once.
            with suppress(FileNotFoundError):
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
