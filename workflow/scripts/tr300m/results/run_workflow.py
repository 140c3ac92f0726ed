"""Snakemake called from a notebook."""

import re
import subprocess
import sys

from ..base.errors import TR300MError
from ..base.redaction import redacted

# What Snakemake says about itself and not about the jobs; `--quiet all` would hide its errors too.
_ITSELF = re.compile(
    r"Select jobs|Execute \d+ jobs|Using (shell|workflow)|Config file|Assuming|Building DAG|Conda environments|"
    r"Complete log|Elapsed time"
)


def run_workflow(*arguments: str, cores: str = "all") -> None:
    """Call Snakemake for files that are missing or out of date, and print what its jobs say as they say it.

    A notebook does not show what a program prints by itself, so that its lines are printed one by one.

    Parameters
    ----------
    arguments
        Targets, then options. The working directory is that of the Snakefile.
    cores
        Cores for the jobs; a number or ``all``.

    Raises
    ------
    TR300MError
        If Snakemake fails.
    """
    command = [sys.executable, "-m", "snakemake", *arguments, "--cores", cores, "--quiet", "host", "rules", "progress"]
    output, merged = subprocess.PIPE, subprocess.STDOUT
    with subprocess.Popen(command, stdout=output, stderr=merged, encoding="utf-8", errors="replace") as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() and not _ITSELF.match(line):
                print(redacted(line), end="", flush=True)
    if process.returncode:
        raise TR300MError(f"Snakemake stopped with exit status {process.returncode}", "its messages are above")
