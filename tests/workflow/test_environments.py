"""Conda environments and the image: pins are those of the locks, nothing imported is missing, and jobs run in them."""

import os
import re
import runpy
import shlex
import subprocess
import sys
import sysconfig
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from helpers.fixtures import says
from helpers.small_run import ROOT, snakemake

WRITER = ROOT / "envs/write_conda.py"
WRITTEN = runpy.run_path(str(WRITER))
ENVIRONMENTS, SCRIPTS = WRITTEN["ENVIRONMENTS"], WRITTEN["scripts_of_rules"]()
LOCKS = sorted(ROOT.glob("envs/*.lock"))
# What changes a result, if it changes.
NUMERICAL = (
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "scikit-learn",
    "tensorflow",
    "jax",
    "jaxlib",
    "keras",
    "pybigwig",
    "isal",
)
SMALL = """
results: results/small
chromosomes: [chr1]
sources: {default: simulated}
simulation: {genes: 80, regulators: 12, samples: 24, donors: 6, chromosomes: [chr1]}
"""
STAND_INS = Path(__file__).parents[1] / "helpers"


def pins_of_lock(lock: Path) -> dict[str, str]:
    """Return the pin of each package, with its marker."""
    lines = [line.removesuffix(" \\") for line in lock.read_text().splitlines() if re.match(r"\w", line)]
    return {line.split("==")[0]: line for line in lines}


def pins_of_environment(name: str) -> dict[str, str]:
    (pip,) = [
        item
        for item in yaml.safe_load((ROOT / f"envs/{name}.yaml").read_text())["dependencies"]
        if "pip" in item and item != "pip"
    ]
    return {line.split("==")[0]: line for line in pip["pip"]}


def environment_names() -> dict[str, tuple[str, ...]]:
    """Return the environments that each text below `conda:` stands for."""
    return {'"../../envs/arrays.yaml"': ("arrays",), "KERAS_ENVIRONMENT": ("training_cpu", "training_gpu")}


def test_the_files_are_current(tmp_path: Path) -> None:
    """Written by `make conda`."""
    subprocess.run([sys.executable, WRITER, tmp_path], check=True)
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in ROOT.glob("envs/*.yaml")}
    for path in tmp_path.iterdir():
        assert path.read_text() == (ROOT / "envs" / path.name).read_text(), f"{path.name}: run `make conda`"


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_pin_is_that_of_the_lock(name: str) -> None:
    pins, lock = pins_of_environment(name), pins_of_lock(ROOT / "envs" / ENVIRONMENTS[name].lock)
    assert len(pins) > 50
    assert not {package: pin for package, pin in pins.items() if lock.get(package) != pin}


def test_the_locks_agree_on_what_changes_a_result() -> None:
    pins = [pins_of_lock(lock) for lock in LOCKS]
    assert len(pins) == 4
    assert all(
        {name: other[name] for name in NUMERICAL} == {name: pins[0][name] for name in NUMERICAL} for other in pins
    )
    # The lock of the image with CUDA is that of the image and that of CUDA.
    named = {lock.name: found for lock, found in zip(LOCKS, pins, strict=True)}
    cuda = named["gpu.lock"].keys() - named["cpu.lock"].keys()
    assert named["clusters-gpu.lock"] == named["clusters.lock"] | {name: named["gpu.lock"][name] for name in cuda}


@pytest.mark.parametrize(("rule", "conda", "script"), SCRIPTS, ids=[rule for rule, _, _ in SCRIPTS])
def test_an_environment_holds_what_its_rules_import(rule: str, conda: str, script: Path) -> None:
    needed = WRITTEN["imported"](script)
    for name in environment_names()[conda]:
        assert not needed - pins_of_environment(name).keys()
    # Keras brings half a gigabyte, and CUDA three: who needs neither does without.
    assert ("keras" in needed) == (conda == "KERAS_ENVIRONMENT")


def test_modules_are_taken_for_the_packages_that_bring_them() -> None:
    packages = {name: {package.lower() for package in found} for name, found in packages_distributions().items()}
    assert all(packages[module] == {package} for module, package in WRITTEN["DISTRIBUTIONS"].items())
    needed = set().union(*(WRITTEN["imported"](script) for _, _, script in SCRIPTS))
    assert needed <= set().union(*packages.values())


def test_the_driver_holds_what_parsing_the_rules_needs() -> None:
    pins = pins_of_environment("driver")
    assert not {"snakemake", *WRITTEN["imported"](ROOT / "workflow/rules/common.smk")} - pins.keys()
    assert "snakemake-executor-plugin-slurm" in pins and "tensorflow" not in pins


def test_a_new_import_is_seen(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "from typing import TYPE_CHECKING\nimport os\nfrom tr300m.arrays.motifs import read_motifs\n"
        "if TYPE_CHECKING:\n    import mypy\nelse:\n    import tqdm\n"
        "def late():\n    from sklearn.linear_model import Ridge\n"
    )
    found = WRITTEN["imported"](script)
    assert {"scikit-learn", "tqdm", "biopython"} <= found and not {"mypy", "os", "tr300m"} & found


@pytest.fixture
def stand_ins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a small configuration, conda and Apptainer replaced by what notes how it was called."""
    (tmp_path / "bin").mkdir()
    for name in ("conda", "apptainer"):
        target = tmp_path / "bin" / name
        target.write_text(
            (STAND_INS / f"{name}_stand_in.py").read_text().replace("/usr/bin/env python3", sys.executable)
        )
        target.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    monkeypatch.setenv("CONDA_STAND_IN_PREFIX", str(tmp_path / "conda"))
    monkeypatch.setenv("CONDA_STAND_IN_PACKAGES", sysconfig.get_path("purelib"))
    monkeypatch.setenv("APPTAINER_STAND_IN_LOG", str(tmp_path / "images.txt"))
    (tmp_path / "small.yaml").write_text(SMALL)
    return tmp_path


def deployed_by(method: str) -> list[str]:
    """Return options of Snakemake for the small configuration, whose jobs a method gives their packages."""
    return [
        "--snakefile", str(ROOT / "Snakefile"), "--configfile", "small.yaml", "--software-deployment-method", method,
    ]  # fmt: skip


@pytest.mark.workflow
def test_jobs_run_in_the_conda_environment_of_their_need(stand_ins: Path) -> None:
    options = deployed_by("conda")
    planned = snakemake(stand_ins, *options, "--dry-run")
    assert set(re.findall(r"envs/(\w+)\.yaml will be created", planned)) == {"arrays", "training_gpu"}
    on_cpu = snakemake(stand_ins, *options, "--dry-run", "--config", "compute={device: cpu}")
    assert set(re.findall(r"envs/(\w+)\.yaml will be created", on_cpu)) == {"arrays", "training_cpu"}
    snakemake(stand_ins, *options, "--", "gene_lines")
    (made,) = {Path(line).name for line in (stand_ins / "conda/activated.txt").read_text().splitlines()}
    assert (stand_ins / f".snakemake/conda/{made}.yaml").read_text() == (ROOT / "envs/arrays.yaml").read_text()


@pytest.mark.workflow
def test_jobs_run_in_the_image(stand_ins: Path) -> None:
    options = deployed_by("apptainer")
    output = snakemake(stand_ins, *options, "--", "gene_lines", check=False)
    assert says(output, "--software-deployment-method", "compute={container:", "docs/clusters.md")
    snakemake(stand_ins, *options, "--config", "compute={container: image.sif}", "--", "gene_lines")
    assert set((stand_ins / "images.txt").read_text().splitlines()) == {"image.sif"}


def recipe(name: str) -> list[str]:
    """Return the lines of a recipe without comments, with continued lines joined."""
    text = (ROOT / name).read_text().replace("\\\n", "")
    return [
        re.sub(r"\s+", " ", line).strip() for line in text.splitlines() if line.strip() and not line.startswith("#")
    ]


def test_the_recipes_name_files_that_exist() -> None:
    listed = [line.removeprefix("!") for line in recipe(".dockerignore") if line.startswith("!")]
    assert all(list(ROOT.glob(pattern)) for pattern in listed)
    copied = [shlex.split(line)[1:-1] for line in recipe("Dockerfile") if line.startswith("COPY")]
    sources = {source for sources in copied for source in sources}
    assert sources - {"."} <= {Path(pattern).parts[0] for pattern in listed}
    apptainer = [line.split() for line in recipe("envs/apptainer.def") if " /opt/tr300m" in line]
    assert {source for source, _ in apptainer} >= sources - {"."}


def test_the_recipes_make_one_environment_from_a_lock() -> None:
    """The Makefile makes it, from a lock with hashes, in both recipes by the same commands."""
    docker = " && ".join(line.removeprefix("RUN ") for line in recipe("Dockerfile") if line.startswith("RUN "))
    post = " ".join(recipe("envs/apptainer.def"))
    for command in docker.split(" && "):
        assert command.strip() in post
    for name in ("clusters", "clusters-gpu"):
        assert f"envs/{name}.lock" in (ROOT / "Makefile").read_text()
        assert (ROOT / f"envs/{name}.lock").is_file()


def test_the_image_has_the_executors_of_all_profiles() -> None:
    pins = pins_of_lock(ROOT / "envs/clusters.lock")
    asked = {yaml.safe_load(path.read_text()).get("executor") for path in ROOT.glob("profiles/*/*.yaml")} - {None}
    assert not {f"snakemake-executor-plugin-{executor}" for executor in asked} - pins.keys()
    assert {"snakemake-storage-plugin-s3", "snakemake-storage-plugin-gcs"} <= pins.keys()
