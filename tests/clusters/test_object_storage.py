"""The workflow from and to a bucket of an S3 server on loopback."""

import json
import os
import re
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from helpers.clusters import clusters_python, run_in
from helpers.small_run import ROOT, RUNS, SMALL, checkout
from tr300m.config.simulation import SimulationConfig
from tr300m.simulate.samples import simulate_subject_phenotypes

pytestmark = [pytest.mark.slow, pytest.mark.workflow]
REFUSED = {"manifest.json": 1, "onehot.npy": 3}
"""Uploads that the server refuses: the client repeats each once; of the second object, the job must be repeated too."""
STORAGE = ("--default-storage-provider", "s3", "--storage-s3-retries", "1", "--default-storage-prefix", "s3://lab/run")


class Bucket:
    """A folder with the small configuration, and the server that holds its results."""

    def __init__(self, folder: Path, server: Path, python: str) -> None:
        self.folder, self.server, self.python = folder, server, python
        self.address = (server / "address").read_text()
        self.environment = {
            "SNAKEMAKE_STORAGE_S3_ENDPOINT_URL": self.address,
            "SNAKEMAKE_STORAGE_S3_ACCESS_KEY": "lab",
            "SNAKEMAKE_STORAGE_S3_SECRET_KEY": "secret",
        }

    def snakemake(self, *arguments: str) -> str:
        command = (self.python, "-m", "snakemake", "--cores", "2", "--configfile", "small.yaml", *STORAGE)
        return run_in(self.folder, *command, "--shared-fs-usage", "none", *arguments, **self.environment)

    def request(self, path: str, method: str = "GET", data: bytes | None = None) -> bytes:
        # The server wants a signature and checks none.
        headers = {"Authorization": "AWS lab:-", "Content-Type": "application/octet-stream"}
        asked = urllib.request.Request(f"{self.address}/lab{path}", data=data, headers=headers, method=method)
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return bytes(answer.read())

    def names(self) -> set[str]:
        listed = ElementTree.fromstring(self.request("?list-type=2&max-keys=1000"))
        return {element.text or "" for element in listed.iter() if element.tag.endswith("}Key")}


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    """Give the small configuration after a run to its first table, all in a bucket."""
    python = clusters_python()
    folder, server = checkout(tmp_path_factory.mktemp("work")), tmp_path_factory.mktemp("server")
    settings = yaml.safe_load(SMALL.format(url=""))
    # One source is a file of the user's on this machine.
    settings["sources"]["donors"] = "donors.txt"
    settings |= {"tracks": "tracks.tsv", "baselines": {"names": ["sample_median"]}}
    (folder / "small.yaml").write_text(yaml.safe_dump(settings))
    simulate_subject_phenotypes(SimulationConfig.from_dict(settings["simulation"]), folder / "donors.txt")
    (folder / "tracks.tsv").write_text("mark\tcell\tsource\treader\nH3K4me3\tK562\thistone_H3K4me3_K562\tbigwig\n")
    (folder / "small_runs.tsv").write_text("".join(RUNS.splitlines(keepends=True)[:2]))
    options = [f"{name}={count}" for name, count in REFUSED.items()]
    command = [python, str(ROOT / "tests/helpers/s3_server.py"), str(server), *options]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as running:
        try:
            while not (server / "address").exists():
                assert running.poll() is None
                time.sleep(0.1)
            found = Bucket(folder, server, python)
            found.request("", "PUT")
            found.snakemake("--retries", "2", "--", "results/small/table1.tsv")
            yield found
        finally:
            assert running.stdin
            running.stdin.close()


def test_results_are_in_the_bucket(bucket: Bucket) -> None:
    names = bucket.names()
    assert {
        f"run/results/small/{name}" for name in ("table1.tsv", "dataset/histones.npy", "runs/seq/run.json")
    } <= names
    table = bucket.request("/run/results/small/table1.tsv").decode()
    assert table.startswith("Model Architecture\t") and "Seq" in table
    # Neither the user's file nor those of the workflow itself.
    assert not [name for name in names if not name.startswith("run/results/small/")]
    manifest = json.loads(bucket.request("/run/results/small/dataset/manifest.json"))
    assert manifest["sources"]["donors"]["path"] == "donors.txt"


def test_nothing_but_scratch_is_left_on_the_disk(bucket: Bucket) -> None:
    assert not (bucket.folder / "results").exists()
    copies = bucket.folder / ".snakemake/storage/s3/lab/run/results/small"
    left = {path.relative_to(copies).parts[0] for path in copies.rglob("*") if path.is_file()}
    assert left <= {"logs", "benchmarks"}


def test_an_upload_that_failed_is_tried_again(bucket: Bucket) -> None:
    refused = (bucket.server / "refused").read_text().split()
    assert {name: refused.count(name) for name in REFUSED} == REFUSED
    assert {f"run/results/small/dataset/{name}" for name in REFUSED} <= bucket.names()


def run_pod(bucket: Bucket, folder: Path, *arguments: str) -> str:
    """Run the command that the kubernetes profile submits, as in a pod, but without installing the storage plugin.

    Return all that it prints.
    """
    run_in(bucket.folder, "git", "init", "--quiet")
    run_in(bucket.folder, "git", "add", ".")
    run_in(
        bucket.folder,
        *(bucket.python, str(ROOT / "tests/helpers/recorded_submission.py"), str(folder / "records.json")),
        *("--workflow-profile", "profiles/kubernetes", "--configfile", "small.yaml", *STORAGE[4:]),
        *arguments,
        **bucket.environment,
    )
    shutil.rmtree(bucket.folder / ".git")
    records = json.loads((folder / "records.json").read_text())
    stored, job = (next(record for record in records if record["kind"] == kind) for kind in ("stored", "job"))
    bucket.request(stored["query"].removeprefix("s3://lab"), "PUT", Path(stored["copy"]).read_bytes())

    pod, programs = folder / "pod", folder / "programs"
    pod.mkdir()
    programs.mkdir()
    for name, does in (("pip", "true"), ("python", f'exec {bucket.python} "$@"')):
        (programs / name).write_text(f"#!/bin/sh\n{does}\n")
        (programs / name).chmod(0o755)
    (container,) = job["spec"]["template"]["spec"]["containers"]
    environment = bucket.environment | {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": ""}
    assert {variable["name"] for variable in container["env"]} >= set(bucket.environment)
    said = run_in(pod, *container["command"], *container["args"], **environment)
    # All is in the bucket.
    assert not (pod / "results").exists()
    return said


def test_a_pod_runs_its_job_in_an_empty_folder(bucket: Bucket, tmp_path: Path) -> None:
    split = "results/small/splits/thesis.tsv"
    before = bucket.request(f"/run/{split}")
    bucket.request(f"/run/{split}", "DELETE")
    run_pod(bucket, tmp_path, "--force", "--", split)
    assert bucket.request(f"/run/{split}") == before


def test_a_pod_runs_the_jobs_of_a_group_one_after_another(bucket: Bucket, tmp_path: Path) -> None:
    """Two evaluations and, from these, two figures; a pod has the memory of one job."""
    made = [
        f"results/small/evaluation/seq.{part}.{file}"
        for part in ("validation", "test")
        for file in ("calibration.tsv", "reliability.svg")
    ]
    rules = ("evaluation", "evaluation_figures")
    said = run_pod(bucket, tmp_path, "--forcerun", *rules, "--", *made[1::2])
    assert re.findall(r"Execute (\d+) jobs", said) == ["1"] * 4
    assert {f"run/{name}" for name in made} <= bucket.names()
