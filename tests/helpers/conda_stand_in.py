#!/usr/bin/env python3
"""Stand in for `conda` where no channel can be reached: what Snakemake asks of it, with virtual environments.

Put it on the path as `conda`. `conda env create` makes a virtual environment with CONDA_STAND_IN_PYTHON and installs
what the file lists below `pip`, from PyPI. With CONDA_STAND_IN_PACKAGES the environment sees that folder of packages
instead, and nothing is installed. CONDA_STAND_IN_PREFIX stands for the folder of conda; each environment that is
activated gets a line in its `activated.txt`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

ACTIVATE = 'echo "$1" >> "$CONDA_STAND_IN_PREFIX/activated.txt"\nPATH="$1/bin:$PATH"\nexport PATH\n'


def create(file: Path, prefix: Path) -> None:
    """Make the environment of a file."""
    packages = os.environ.get("CONDA_STAND_IN_PACKAGES")
    python = os.environ.get("CONDA_STAND_IN_PYTHON", sys.executable)
    subprocess.run([python, "-m", "venv", *(["--without-pip"] if packages else []), prefix], check=True)
    _, _, listed = file.read_text().partition("- pip:\n")
    pins = [line.strip().removeprefix("- ").strip('"') for line in listed.splitlines()]
    if packages:
        (site,) = prefix.glob("lib/python*/site-packages")
        (site / "packages.pth").write_text(packages + "\n")
    else:
        (prefix / "pins.txt").write_text("\n".join([*pins, ""]))
        pip = [prefix / "bin/python", "-m", "pip", "install", "--quiet", "--upgrade"]
        subprocess.run([*pip, "--requirement", prefix / "pins.txt"], check=True)


def main(*arguments: str) -> None:
    """Answer as conda does."""
    home = Path(os.environ["CONDA_STAND_IN_PREFIX"])
    if arguments == ("--version",):
        print("conda 24.7.1")
    elif arguments[0] == "info":
        (home / "bin").mkdir(parents=True, exist_ok=True)
        (home / "bin/activate").write_text(ACTIVATE)
        print(json.dumps({"conda_prefix": str(home), "platform": "linux-64", "root_prefix": str(home)}))
    elif arguments[0] == "config":
        print(json.dumps({"get": {"channel_priority": "strict"}}))
    elif arguments[:2] == ("env", "create"):
        create(*(Path(arguments[arguments.index(option) + 1]) for option in ("--file", "--prefix")))
    elif arguments[0] != "clean":
        sys.exit(f"the stand-in does not know: conda {' '.join(arguments)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
