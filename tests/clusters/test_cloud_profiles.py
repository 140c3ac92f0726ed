"""The jobs that the profiles of the clouds submit, rendered by the plugins; only their API clients are replaced."""

import base64
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from helpers.clusters import clusters_python, run_in
from helpers.small_run import ROOT, RUNS, SMALL, checkout

pytestmark = [pytest.mark.slow, pytest.mark.workflow]
IMAGE = "registry.example.org/lab/tr300m:1"
SECRET = "hunter2"
OF_S3 = ("--container-image", IMAGE, "--default-storage-prefix", "s3://lab/run")
CHOICES = {
    "kubernetes": OF_S3,
    "googlebatch": (
        *("--googlebatch-project", "atlas", "--googlebatch-region", "europe-west4", "--storage-gcs-project", "atlas"),
        *("--container-image", IMAGE, "--default-storage-prefix", "gs://lab/run"),
    ),
    "aws-batch": (
        *("--aws-batch-region", "eu-west-1", "--aws-batch-job-queue", "arn:queue", "--aws-batch-job-role", "arn:role"),
        *OF_S3,
    ),
}
"""What a user names beside each profile, as in docs/clusters.md."""
GROUPS = {"features", "baselines", "predictions", "fit_predictions", "scores", "tables"}
"""Those of which the small run has several rules."""
GPU_RULES = {"train", "predict", "predict_with_own_tf_zeroed", "level_changes", "gene_page"}


class Job(NamedTuple):
    """A submitted job: its rule or those of a group, which attempt it is, its shell command, the request to the API."""

    rules: tuple[str, ...]
    attempt: int
    command: str
    request: dict[str, Any]


class Submissions(NamedTuple):
    """What a profile submitted, and everything that Snakemake printed."""

    jobs: list[Job]
    others: list[dict[str, Any]]
    output: str

    def of(self, rule: str, attempt: int = 1) -> Job:
        return next(job for job in self.jobs if rule in job.rules and job.attempt == attempt)

    def rules_with(self, condition: Callable[[Job], object]) -> set[str]:
        return {rule for job in self.jobs if condition(job) for rule in job.rules}


COMMAND_OF: dict[str, Callable[[dict[str, Any]], str]] = {
    "kubernetes": lambda request: request["spec"]["template"]["spec"]["containers"][0]["args"][1],
    "googlebatch": lambda request: request["job"]["task_groups"][0]["task_spec"]["runnables"][0]["script"]["text"],
    "aws-batch": lambda request: request["containerProperties"]["command"][2],
}


@pytest.fixture(scope="module")
def submitted(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Submissions]:
    """Return a function that gives what a profile submits for all jobs of a small run, each failing once."""
    python = clusters_python()

    @cache
    def submit(profile: str) -> Submissions:
        folder = checkout(tmp_path_factory.mktemp(profile))
        settings = yaml.safe_load(SMALL.format(url=""))
        del settings["sources"]["donors"]
        # As a user of a cluster has it: GPUs where there are any, threads and memory by default.
        settings["compute"] = {}
        # With more kinds of jobs.
        settings |= {"wide": {"sequence": 5000}, "use": {"genes": ["GENE"], "runs": ["all"]}}
        (folder / "small.yaml").write_text(yaml.safe_dump(settings))
        fit = "\t".join(["bilinear", "bilinear", "thesis", "zero_lognormal_mixture", "none", "-", "3", "-", "-"])
        (folder / "small_runs.tsv").write_text(f"{RUNS}{fit}\n")
        output = run_in(
            folder,
            *(python, str(ROOT / "tests/helpers/recorded_submission.py"), "records.json"),
            *("--workflow-profile", f"profiles/{profile}", "--configfile", "small.yaml", *CHOICES[profile]),
            *("--forceall", "--", "all"),
            SNAKEMAKE_STORAGE_S3_ACCESS_KEY="lab",
            SNAKEMAKE_STORAGE_S3_SECRET_KEY=SECRET,
        )
        records = json.loads((folder / "records.json").read_text())
        assert f"Using workflow specific profile profiles/{profile}" in output
        commands = [(record, COMMAND_OF[profile](record)) for record in records if record["kind"] == "job"]
        jobs = [
            Job(
                tuple(re.findall(r"--allowed-rules ((?:\w+ )+)", command)[0].split()),
                int(re.findall(r"--attempt (\d)", command)[0]),
                command,
                request,
            )
            for request, command in commands
        ]
        return Submissions(jobs, [record for record in records if record["kind"] != "job"], output)

    return submit


def settings_in(command: str) -> list[str]:
    """Return the settings that a command passes on in base64."""
    return [base64.b64decode(text).decode() for text in re.findall(r"base64//(\S+)", command)]


@pytest.mark.parametrize("profile", CHOICES)
def test_a_job_brings_its_code_and_finds_its_files_in_the_bucket(
    submitted: Callable[[str], Submissions], profile: str
) -> None:
    found = submitted(profile)
    prefix = CHOICES[profile][-1]
    sources = {record["query"] for record in found.others if record["kind"] == "stored"}
    assert len(sources) == 1 and sources.pop().startswith(f"{prefix}/snakemake-workflow-sources.")
    for rule, targets in (("train", "train:run=(seq|all)"), ("genes", "genes:")):
        command = found.of(rule).command
        assert re.search(f"--target-jobs '{targets}'", command)
        assert f"-m snakemake --deploy-sources {prefix}/snakemake-workflow-sources." in command
        assert command.count(f"--default-storage-prefix '{prefix}'") == 2
        assert "--configfiles 'small.yaml'" in command and "--shared-fs-usage 'none'" in command


@pytest.mark.parametrize("profile", CHOICES)
def test_short_jobs_go_together_and_one_at_a_time(submitted: Callable[[str], Submissions], profile: str) -> None:
    """But on AWS Batch: the plugin names a job by its group, and the name of a group of six rules has dots."""
    found = submitted(profile)
    groups = [job for job in found.jobs if len(job.rules) > 1 and job.attempt == 1]
    assert {job.rules[0] for job in found.jobs if len(job.rules) == 1} >= {"train", "genes", "manifest"}
    if profile == "aws-batch":
        assert not groups
        return
    names = yaml.safe_load((ROOT / f"profiles/{profile}/config.yaml").read_text())["groups"]
    assert sorted(names[job.rules[0]] for job in groups) == sorted(GROUPS)
    for job in groups:
        assert "--local-groupid" in job.command and "width=1" in settings_in(job.command), job.rules
    tables = found.of("table1")
    assert {"models", "baselines", "cards"} <= set(tables.rules) and "--target-jobs" in tables.command


@pytest.mark.parametrize("profile", CHOICES)
def test_no_command_holds_the_keys_of_the_bucket(submitted: Callable[[str], Submissions], profile: str) -> None:
    found = submitted(profile)
    assert not any(SECRET in job.command or SECRET in str(settings_in(job.command)) for job in found.jobs)
    assert SECRET not in found.output


def test_pods(submitted: Callable[[str], Submissions]) -> None:
    found = submitted("kubernetes")

    def pod(job: Job) -> tuple[dict[str, Any], dict[str, Any]]:
        spec = job.request["spec"]["template"]["spec"]
        return spec, spec["containers"][0]

    spec, container = pod(found.of("train"))
    assert container["image"] == IMAGE and container["command"] == ["/bin/sh"] and spec["restartPolicy"] == "Never"
    assert container["resources"]["limits"] == {
        "cpu": "8000m",
        "memory": "8000M",
        "ephemeral-storage": "5000M",
        "nvidia.com/gpu": "1",
    }
    # A GPU must be asked for in both; a little less than whole cores fits a node that keeps some for itself.
    assert container["resources"]["requests"] == container["resources"]["limits"] | {"cpu": "7600m"}
    assert [(t["key"], t["effect"]) for t in spec["tolerations"]] == [("nvidia.com/gpu", "NoSchedule")]
    again = pod(found.of("train", 2))[1]["resources"]["limits"]
    assert again["memory"] == "16000M" and again["nvidia.com/gpu"] == "1"

    spec, container = pod(found.of("genes"))
    assert container["image"] == IMAGE and "tolerations" not in spec
    assert container["resources"]["limits"] == {"cpu": "1000m", "memory": "1000M", "ephemeral-storage": "5000M"}

    assert found.rules_with(lambda job: "nvidia.com/gpu" in pod(job)[1]["resources"]["limits"]) == GPU_RULES

    # The jobs of a group run one after another: it asks for what its largest job needs.
    together = found.of("predict")
    assert {"predict", "predict_with_own_tf_zeroed"} <= set(together.rules)
    asked = pod(together)[1]["resources"]["limits"]
    assert (asked["cpu"], asked["memory"], asked["nvidia.com/gpu"]) == ("8000m", "8000M", "1")
    asked = pod(found.of("metrics"))[1]["resources"]["limits"]
    assert (asked["cpu"], asked["memory"]) == ("1000m", "2000M")


def test_checkpoints_of_pods_lie_on_a_volume(submitted: Callable[[str], Submissions]) -> None:
    job = submitted("kubernetes").of("train")
    spec = job.request["spec"]["template"]["spec"]
    claims = {
        volume["name"]: volume["persistentVolumeClaim"] for volume in spec["volumes"] if volume["name"] != "workdir"
    }
    assert claims == {"tr300m-checkpoints": {"claimName": "tr300m-checkpoints"}}
    mounts = {mount["name"]: mount["mountPath"] for mount in spec["containers"][0]["volumeMounts"]}
    assert mounts == {"workdir": "/workdir", "tr300m-checkpoints": "/checkpoints"}
    assert "train:checkpoints=/checkpoints" in settings_in(job.command)


def test_pods_get_the_keys_of_the_bucket_as_a_secret(submitted: Callable[[str], Submissions]) -> None:
    found = submitted("kubernetes")
    (secret,) = [record for record in found.others if record["kind"] == "secret"]
    assert base64.b64decode(secret["data"]["snakemake_storage_s3_secret_key"]).decode() == SECRET
    environment = found.of("train").request["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {
        variable["name"]: variable["valueFrom"]["secretKeyRef"]["name"] for variable in environment
    } == dict.fromkeys(
        (f"SNAKEMAKE_STORAGE_S3_{name}" for name in ("REGION", "ACCESS_KEY", "SECRET_KEY")), secret["metadata"]["name"]
    )


def test_machines_of_google_batch(submitted: Callable[[str], Submissions]) -> None:
    found = submitted("googlebatch")

    def parts(job: Job) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        request = job.request["job"]
        (group,), (instances,) = request["task_groups"], request["allocation_policy"]["instances"]
        assert job.request["parent"] == "projects/atlas/locations/europe-west4" and group["task_count"] == "1"
        return group["task_spec"], instances, instances["policy"]

    for rule, machine, cores, memory, minutes in (
        ("train", "n1-standard-8", 8, 26_000, 2880),
        ("genes", "e2-standard-4", 4, 14_000, 1440),
    ):
        task, _, policy = parts(found.of(rule))
        container = task["runnables"][-1]["container"]
        assert container["image_uri"] == IMAGE and container["commands"] == ["/tmp/workdir/entrypoint.sh"]
        assert task["compute_resource"]["cpu_milli"] == str(1000 * cores)
        assert task["compute_resource"]["memory_mib"] == str(memory)
        assert task["max_run_duration"] == f"{60 * minutes}s" and task["max_retry_count"] == 0
        assert policy["machine_type"] == machine
        # With a size, the plugin forgets the system that holds containers, unless it is named again.
        assert policy["boot_disk"]["size_gb"] == "100" and "batch-cos" in policy["boot_disk"]["image"]
        # Neither is one that may be taken away.
        assert policy["provisioning_model"] == 0

    _, instances, policy = parts(found.of("train"))
    assert instances["install_gpu_drivers"] is True
    assert [(gpu["type_"], gpu["count"]) for gpu in policy["accelerators"]] == [("nvidia-tesla-t4", "1")]
    assert found.rules_with(lambda job: parts(job)[2]["accelerators"]) == GPU_RULES
    assert found.of("train", 2).attempt == 2


@pytest.mark.parametrize("status", [0, 3])
def test_a_machine_of_google_batch_ends_as_snakemake_does(
    submitted: Callable[[str], Submissions], status: int, tmp_path: Path
) -> None:
    """The plugin writes the command into a script of its own; here that script is run, with other programs in it."""
    runnables = submitted("googlebatch").of("train").request["job"]["task_groups"][0]["task_spec"]["runnables"]
    for runnable in runnables[:2]:
        run_in(tmp_path, "bash", "-c", runnable["script"]["text"].replace("/tmp/workdir", str(tmp_path)))
    assert (tmp_path / "Snakefile").read_text().strip() == (ROOT / "Snakefile").read_text().strip()
    (tmp_path / "bin").mkdir()
    for name in ("pip", "python", "python3"):
        program = tmp_path / "bin" / name
        fails = f'case "$*" in *--target-jobs*) echo "$*" > {tmp_path}/job; exit {status};; esac'
        program.write_text(f"#!/bin/bash\n{fails if name == 'python' else ''}\nexit 0\n")
        program.chmod(0o755)
    script = f"PATH={tmp_path}/bin:$PATH /bin/bash entrypoint.sh; echo ended with $?"
    assert f"ended with {status}" in run_in(tmp_path, "bash", "-c", script)
    assert "--target-jobs train:run=" in (tmp_path / "job").read_text()


def test_jobs_of_aws_batch(submitted: Callable[[str], Submissions]) -> None:
    found = submitted("aws-batch")

    def needs(job: Job) -> dict[str, int]:
        listed = job.request["containerProperties"]["resourceRequirements"]
        return {need["type"]: int(need["value"]) for need in listed}

    assert needs(found.of("train")) == {"VCPU": 8, "MEMORY": 16384, "GPU": 1}
    assert needs(found.of("genes")) == {"VCPU": 1, "MEMORY": 2048}
    assert needs(found.of("genes", 2)) == {"VCPU": 1, "MEMORY": 4096}
    assert found.rules_with(lambda job: "GPU" in needs(job)) == GPU_RULES
    for rule in ("train", "genes"):
        definition = found.of(rule).request
        assert definition["containerProperties"]["image"] == IMAGE
        assert definition["containerProperties"]["jobRoleArn"] == "arn:role"
        assert definition["timeout"] == {"attemptDurationSeconds": 172800} and definition["platformCapabilities"] == [
            "EC2"
        ]
    submissions = [record for record in found.others if record["kind"] == "submission"]
    assert len(submissions) == len(found.jobs) and {record["jobQueue"] for record in submissions} == {"arn:queue"}
    # Its word where it gives a job less memory, or more, than it asked for.
    assert "is invalid for vCPU" not in found.output
