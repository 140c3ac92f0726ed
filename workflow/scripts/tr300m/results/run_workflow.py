"""Snakemake called from a notebook."""

import subprocess
import sys

from ..base.errors import TR300MError
from ..base.redaction import redacted


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
            print(redacted(line), end="", flush=True)
    if process.returncode:
        raise TR300MError(
            f"Snakemake stopped with exit status {process.returncode}; its messages are above",
            "mend that and try again",
        )
