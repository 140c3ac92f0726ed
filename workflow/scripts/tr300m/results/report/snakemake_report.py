"""Snakemake's report of a run, as one HTML file that works offline."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ...base.errors import TR300MError
from ...base.files import atomic_path
from ...base.redaction import redacted, without_home

_STYLESHEET = "workflow/report/style.css"


def write_report(path: Path, arguments: Sequence[str], cores: str = "all") -> None:
    """Complete the run that a configuration describes, and write its report.

    Parameters
    ----------
    path
        HTML file to write.
    arguments
        ``--configfile`` and ``--config`` as Snakemake takes them. The working directory is that of the Snakefile.
    cores
        Cores for the jobs that are still missing; a number or ``all``.

    Raises
    ------
    TR300MError
        If Snakemake fails. Its own messages go to the terminal.
    """
    _snakemake("--cores", cores, "--quiet", "host", "rules", *arguments)
    # If the name does not end in .html, Snakemake writes a zip archive.
    with atomic_path(path) as temporary:
        # Captured, because Snakemake 9.27 prints a page of warnings about its own code.
        _snakemake("--report", str(temporary), "--report-stylesheet", _STYLESHEET, *arguments, capture=True)
        # The report names all files of the run, some by their absolute path.
        temporary.write_text(without_home(temporary.read_text(encoding="utf-8")), encoding="utf-8")


def _snakemake(*arguments: str, capture: bool = False) -> None:
    """Run Snakemake; its output goes to the terminal, or with `capture` is shown only if it fails."""
    command = [sys.executable, "-m", "snakemake", *arguments]
    done = subprocess.run(command, capture_output=capture, encoding="utf-8", check=False)
    if done.returncode:
        if capture:
            print(redacted(done.stdout + done.stderr), file=sys.stderr)
        raise TR300MError(
            f"Snakemake stopped with exit status {done.returncode}; its messages are above", "mend that and try again"
        )
