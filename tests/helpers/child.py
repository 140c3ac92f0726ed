"""A function of a test file in a process of its own: one process holds one backend, and a new one remembers nothing."""

import inspect
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tr300m
from helpers.small_disk import mounted

OTHER = {"tensorflow": "jax", "jax": "tensorflow"}
# By path, because the folders of tests have names that scripts and libraries have too.
CALL = """
import sys
from importlib.util import module_from_spec, spec_from_file_location
spec = spec_from_file_location("child", sys.argv[1])
sys.modules["child"] = module = module_from_spec(spec)
spec.loader.exec_module(module)
getattr(module, sys.argv[2])(*sys.argv[3:])
"""


def start_child(
    function: Callable[..., Any], *arguments: object, under: tuple[str, Path] | None = None, **environment: str
) -> "subprocess.Popen[str]":
    """Call a function of a test file or helper in a new process, which can import the package and the helpers.

    Parameters
    ----------
    function
        Found again by its file and name.
    arguments
        Reach it as text.
    under
        What is done to a folder for this process alone (`small_disk`).
    environment
        Variables to set beside those of this process.
    """
    folders = [str(Path(tr300m.__file__).parents[1]), str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    command = [sys.executable, "-c", CALL, inspect.getfile(function), function.__name__, *map(str, arguments)]
    command = mounted(*under, command) if under else command
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(folders), "JAX_PLATFORMS": "cpu", **environment}
    return subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def run_child(function: Callable[..., Any], *arguments: object, **environment: str) -> str:
    """Do so, wait for its end, which must be without error, and return what it printed to stderr."""
    with start_child(function, *arguments, **environment) as process:
        _, errors = process.communicate()
    assert process.returncode == 0, errors
    return errors
