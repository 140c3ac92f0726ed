"""What is set in the environment and in the home folder changes no result."""

import ast
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tr300m
from helpers.fixtures import Refuses
from tr300m.base.environment import NO_FOLDER, set_drawing, set_numerics
from tr300m.model import devices

SCRIPTS = Path(tr300m.__file__).parents[1]
JOB = """
import sys
from pathlib import Path
from tr300m.base.job import job

folder = Path(sys.argv[1])
with job(folder / "log.txt"):
    from tr300m.model.backend import use_backend

    use_backend(sys.argv[2], device="cpu")

    import numpy as np
    from helpers.drawn import history, pairs
    from helpers.toy_run import SPLIT, train_toy, write_toy
    from tr300m.results.figures.canvas import save
    from tr300m.results.figures.training_panels import run_panels
    from tr300m.evaluation.predict import predict

    dataset = write_toy(folder / "dataset")
    train_toy(dataset, "seq_tf_core_hm", folder / "run")
    found = predict(dataset, SPLIT.pairs("validation"), folder / "run")
    np.savez(folder / "predictions.npz", **found)
    save(run_panels(*pairs(500), history(9), "Title", "s"), folder / "panels.svg", folder / "panels.png")
"""
MATPLOTLIBRC = "text.usetex: True\nfigure.facecolor: black\naxes.facecolor: black\nfont.size: 30\nsavefig.dpi: 11\n"
INHERITED = {
    "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    "KERAS_BACKEND": "torch",
    "TF_USE_LEGACY_KERAS": "1",
    "NVIDIA_TF32_OVERRIDE": "0",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "LC_ALL": "C",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONHASHSEED": "7",
}
"""Of every hostile case."""
CASES: dict[str, tuple[str, dict[str, Any], dict[str, str]]] = {
    "float64": ("tensorflow", {"floatx": "float64", "backend": "torch"}, {"TF_ENABLE_ONEDNN_OPTS": "0"}),
    "float16": (
        "tensorflow",
        {"floatx": "float16", "image_data_format": "channels_first", "epsilon": 0.1},
        {"TF_XLA_FLAGS": "--tf_xla_auto_jit=2 --tf_xla_cpu_global_jit", "KERAS_MAX_EPOCHS": "1"},
    ),
    "x64": (
        "jax",
        {"floatx": "int8"},
        {
            "JAX_ENABLE_X64": "1",
            "JAX_DEFAULT_PRNG_IMPL": "rbg",
            "JAX_RANDOM_SEED_OFFSET": "5",
            "JAX_DEFAULT_MATMUL_PRECISION": "bfloat16",
            "XLA_FLAGS": "--xla_cpu_enable_fast_math=true",
        },
    ),
}


def results(folder: Path, home: Path, backend: str, variables: dict[str, str]) -> dict[str, str]:
    """Run the job with nothing else in its environment; return the SHA-256 of its files by name, and its record."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    search = os.pathsep.join([str(SCRIPTS), str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    environment = {**kept, "HOME": str(home), "PYTHONPATH": search, **variables}
    command = [sys.executable, "-c", JOB, str(folder), backend]
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
    names = ("predictions.npz", "panels.svg", "panels.png", "run/model.weights.h5")
    found = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    record = json.loads((folder / "run" / "run.json").read_text("utf-8"))
    return found | {name: str(record[name]) for name in ("backend", "numerics", "units")}


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Return the results of each backend from an empty home folder."""
    found = {}
    for backend in ("tensorflow", "jax"):
        folder = tmp_path_factory.mktemp(backend)
        found[backend] = results(folder, folder / "home", backend, {})
    return found


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_a_hostile_home_changes_no_byte(case: str, tmp_path: Path, plain: dict[str, dict[str, str]]) -> None:
    backend, settings, variables = CASES[case]
    home = tmp_path / "home"
    for name, text in ((".keras/keras.json", json.dumps(settings)), (".config/matplotlib/matplotlibrc", MATPLOTLIBRC)):
        (home / name).parent.mkdir(parents=True)
        (home / name).write_text(text, encoding="utf-8")
    if case == "float16":
        # Named in the environment, besides.
        variables = {**variables, "KERAS_HOME": str(home / ".keras"), "MPLCONFIGDIR": str(home / ".config/matplotlib")}
    assert results(tmp_path, home, backend, {**INHERITED, **variables}) == plain[backend]
    assert [path.name for path in (home / ".keras").iterdir()] == ["keras.json"]


def test_what_says_where_it_runs_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "CUDA_VISIBLE_DEVICES": "1",
    }
    gone = ("TF_ENABLE_ONEDNN_OPTS", "JAX_ENABLE_X64", "KERAS_NNX_ENABLED", "ONEDNN_DEFAULT_FPMATH_MODE")
    for name, value in (*kept.items(), *((name, "1") for name in gone)):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("KERAS_HOME", "/nowhere")
    monkeypatch.setenv("XLA_FLAGS", "--xla_cpu_enable_fast_math=true --xla_force_host_platform_device_count=4")
    set_numerics()
    assert {name: os.environ[name] for name in kept} == kept
    assert not set(gone) & os.environ.keys()
    assert os.environ["XLA_FLAGS"] == "--xla_force_host_platform_device_count=4"
    assert os.environ["KERAS_HOME"] == NO_FOLDER
    monkeypatch.setenv("MPLBACKEND", "inline")
    monkeypatch.setenv("MATPLOTLIBRC", "/nowhere")
    set_drawing()
    assert (os.environ["MPLBACKEND"], os.environ["MATPLOTLIBRC"]) == ("agg", os.devnull)


def test_settings_from_within_the_process_are_refused(refuses: Refuses) -> None:
    assert devices.numerics()["floatx"] == "float32"
    devices.keras.config.set_floatx("float64")
    try:
        with refuses("floatx is 'float64'", "'float32'", "new process"):
            devices.numerics()
    finally:
        devices.keras.config.set_floatx("float32")


# A script of its own: this module imports Keras.
IMPORTS = """
import ast, sys
for path in sys.argv[1:]:
    tree = ast.parse(open(path, encoding="utf-8").read())
    tree.body = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    exec(compile(tree, path, "exec"), {})
    early = {"keras", "matplotlib"} & sys.modules.keys()
    assert not early, f"{path} imports {early} before the job begins"
"""


def test_scripts_import_keras_and_matplotlib_inside_the_job() -> None:
    scripts = sorted(SCRIPTS.glob("*.py"))
    for path in scripts:
        blocks = [node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.With)]
        assert [ast.unparse(block.items[0].context_expr) for block in blocks] == ["job(snakemake.log[0])"], path
    command = [sys.executable, "-c", IMPORTS, *map(str, scripts)]
    variables = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    done = subprocess.run(command, env=variables, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stderr
