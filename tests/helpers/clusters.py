"""The environment with the executors for clusters and clouds, for tests that need it."""

import os
import subprocess
from pathlib import Path

import pytest
from helpers.small_run import ROOT


def clusters_python() -> str:
    """Return the Python of .venv-clusters, or skip; TR300M_CLUSTERS names another environment."""
    python = Path(os.environ.get("TR300M_CLUSTERS", ROOT / ".venv-clusters"), "bin", "python")
    if not python.is_file():
        pytest.skip(f"no {python}: `make env-clusters` sets it up, `make test-clusters` runs these tests")
    return str(python)


def run_in(folder: Path, *command: str, check: bool = True, **environment: str) -> str:
    """Run a command in a folder and return all it prints."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=900,
        check=False,
    )
    assert not check or done.returncode == 0, done.stdout
    return done.stdout
