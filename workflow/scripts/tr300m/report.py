"""Snakemake's report of a finished run, as one HTML file that needs no network."""

import re
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .errors import TR300MError
from .io import atomic_path
from .redaction import redacted, without_home

PROFILE = "workflow/profiles/local"
STYLE = "workflow/report/style.css"


def write_report(path: Path, arguments: Sequence[str]) -> None:
    """Write the report of the run that a configuration describes.

    Parameters
    ----------
    path
        HTML file to write.
    arguments
        ``--configfile`` and ``--config`` as Snakemake takes them. The working directory is that of the Snakefile.

    Raises
    ------
    TR300MError
        If the configuration is refused, anything of the run is still to be made, or Snakemake fails.
    """
    jobs = planned_jobs(_snakemake("--dry-run", *arguments))
    if jobs:
        command = f"snakemake --cores all --workflow-profile {PROFILE} {redacted(shlex.join(arguments))}"
        named = ", ".join(f"{count} {rule}" for rule, count in jobs.items())
        raise TR300MError(
            f"the run is not complete, or its settings or code have changed since: still to do are {named}",
            f"first finish it: {command}".rstrip(),
        )
    # Its name ends in .html, or Snakemake writes a zip archive.
    with atomic_path(path) as temporary:
        _snakemake("--report", str(temporary), "--report-stylesheet", STYLE, *arguments)
        # It names every file of the run, some by their absolute path.
        temporary.write_text(without_home(temporary.read_text(encoding="utf-8")), encoding="utf-8")


def planned_jobs(output: str) -> dict[str, int]:
    """Return the jobs of each rule that the output of a dry run announces; none if there is nothing to do."""
    _, _, table = output.partition("Job stats:")
    rows = re.findall(r"^(\w+) +(\d+)$", table.split("\n\n")[0], flags=re.MULTILINE)
    return {rule: int(count) for rule, count in rows if rule not in ("all", "total")}


def _snakemake(*arguments: str) -> str:
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--workflow-profile", PROFILE, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    output = done.stdout + done.stderr
    if done.returncode:
        raise TR300MError(f"Snakemake stopped:\n{redacted(output.strip())}")
    return output
