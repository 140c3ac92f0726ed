"""Python in a process of its own: one process holds one backend, and a new one remembers nothing."""

import os
import subprocess
import sys
from pathlib import Path

import tr300m

OTHER = {"tensorflow": "jax", "jax": "tensorflow"}


def run_child(script: str, *arguments: object, **environment: str) -> str:
    """Run a script that can import the package and the tests; return what it printed to stderr.

    Parameters
    ----------
    script
        Python code.
    arguments
        Its ``sys.argv[1:]``.
    environment
        Variables to set beside those of this process.
    """
    folders = [str(Path(tr300m.__file__).parents[1]), str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    command = [sys.executable, "-c", script, *map(str, arguments)]
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(folders), "JAX_PLATFORMS": "cpu", **environment}
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr
