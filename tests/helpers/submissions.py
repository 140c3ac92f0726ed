"""What the profile of a cluster submits, seen by executors of the tests (`helpers/plugins`)."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import yaml
from helpers.clusters import run_in
from helpers.small_run import ROOT

PLUGINS = str(Path(__file__).parent / "plugins")
PREFIX = "submission: "
CLUSTERS = [
    path.parent.name for path in ROOT.glob("profiles/*/config.yaml") if yaml.safe_load(path.read_text()).get("groups")
]
"""Profiles that group jobs."""


def profile(name: str) -> dict[str, Any]:
    settings = yaml.safe_load((ROOT / f"profiles/{name}/config.yaml").read_text())
    return dict(settings)


def with_executor(name: str, executor: str, folder: Path) -> str:
    """Write the profile with another executor, without settings of its own one or a bucket; return the new folder."""
    settings = profile(name)
    own = (f"{settings['executor']}-", "default-storage-", "precommand")
    kept = {key: value for key, value in settings.items() if not key.startswith(own)}
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(kept | {"executor": executor, "latency-wait": 0}))
    return str(folder)


def snakemake_with(folder: Path, *arguments: str) -> str:
    """Run Snakemake in a folder, with the executors of the tests, and return all it prints."""
    search = os.pathsep.join(filter(None, [PLUGINS, os.environ.get("PYTHONPATH")]))
    return run_in(folder, sys.executable, "-m", "snakemake", *arguments, PYTHONPATH=search)


def planned_submissions(checkout: Path, name: str, *arguments: str) -> list[dict[str, Any]]:
    """Return what the profile would submit, group by group, in a dry run."""
    folder = checkout / f"counting_{name}"
    if not folder.is_dir():
        with_executor(name, "counting", folder)
    # Without a number of cores a dry run takes one, and no two jobs of a group would run side by side.
    output = snakemake_with(checkout, "--dry-run", "--cores", "1000", "--workflow-profile", str(folder), *arguments)
    lines = [line for line in output.splitlines() if line.startswith(PREFIX)]
    return [json.loads(line.removeprefix(PREFIX)) for line in lines]
