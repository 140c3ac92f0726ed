"""Disks that are full or read-only, for a child process alone: mounts in a namespace of its own, gone when it ends."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

FULL = 'mount -t tmpfs -o size=256k tmpfs "$1"; shift; exec "$@"'
READ_ONLY = 'mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"; shift; exec "$@"'


def mounted(how: str, folder: Path, command: list[str]) -> list[str]:
    """Return a command that runs another one with `how` (`FULL` or `READ_ONLY`) done to a folder.

    Without the right to mount, the test is skipped.
    """
    return [*_namespace(), "sh", "-ec", how, "sh", str(folder), *command]


@cache
def _namespace() -> tuple[str, ...]:
    # Of root, or of a user who may be root of a namespace.
    for options in (("-m",), ("-r", "-m")):
        command = ("unshare", *options)
        test = [*command, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
        if shutil.which("unshare") and subprocess.run(test, capture_output=True, check=False).returncode == 0:
            return command
    pytest.skip("no mount in a namespace of its own: `unshare -m mount -t tmpfs tmpfs /mnt` must work (as root)")


OTHER_USER = 12345
WITHOUT_RIGHTS = "-dac_override,-dac_read_search,-fowner"


@contextmanager
def as_another_user(path: Path) -> Iterator[tuple[str, Path]]:
    """Give what `mounted` needs to run a command that meets `path` as another user's; skip without root.

    The command's user stays root and so can read Python, but without the rights of root, and the path is given away.
    """
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root can give a file away: run as root, with setpriv of util-linux")
    owner = path.stat().st_uid
    os.chown(path, OTHER_USER, -1)
    how = f'shift; exec setpriv --inh-caps={WITHOUT_RIGHTS} --bounding-set={WITHOUT_RIGHTS} "$@"'
    try:
        yield how, path
    finally:
        os.chown(path, owner, -1)
