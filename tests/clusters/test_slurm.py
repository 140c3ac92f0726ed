"""The shipped profile on a real SLURM: a small run to its table, while one job is cancelled and one hangs.

What a job was given is read from the records of SLURM, what its rule asks for from Snakemake's output.
"""

import re
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from helpers.clusters import clusters_python, run_in
from helpers.slurm_cluster import GPU_MODEL, JobRecord, SlurmCluster, missing, slurm_cluster
from helpers.small_run import RUNS, checkout
from tr300m.base.files import read_json

pytestmark = [pytest.mark.workflow, pytest.mark.slow]
# `device: auto`, because with `cpu` no job asks for a GPU. Nothing is behind the fake ones, so it trains on the CPU.
CONFIG = """
results: results/slurm
runs: runs.tsv
tracks: tracks.tsv
chromosomes: [chr1, chrX]
sources: {default: simulated}
split: {held_out_genes: 10, held_out_samples: 8, gene_pool: null}
network: {width: 32, bottleneck: 4, kernel_sizes: [3, 3], pool_blocks: [0, 1]}
training: {batch_size: 16, epoch_steps: 5, curve_pairs: 40, steps_per_call: 1}
evaluation: {draws: 100, minimum_group: 3}
compute: {device: auto, train_threads: 1, train_mem_mb: 1500, train_minutes: 1, array_mem_mb: 1000, checkpoint_steps: 5}
simulation: {genes: 40, regulators: 12, samples: 24, donors: 6, chromosomes: [chr1, chrX]}
"""
TRACKS = "mark\tcell\tsource\treader\nH3K4me3\tK562\thistone_H3K4me3_K562\tbigwig\n"
# Made before, without SLURM, to save time.
PREPARED = ("onehot", "histones", "simulate_expression", "simulate_donors")
STEPS = 20
CANCELLED, HANGING = "all", "seq"
"""The runs that are disturbed."""
# What the user of a cluster adds, and questions early enough for jobs of seconds.
SITE = ("--set-resources", "train:slurm_partition=gpu", f"train:gpu_model={GPU_MODEL}")
SOON = ("--slurm-init-seconds-before-status-checks", "5")
ON_GPU = {"train", "predict", "predict_with_own_tf_zeroed"}
PATIENCE = 1800.0


@dataclass(frozen=True)
class Asked:
    """What Snakemake submitted as one SLURM job: the rules of its jobs, and what each of them asks for."""

    number: int
    rules: tuple[str, ...]
    run: str
    memory: tuple[int, ...]
    minutes: tuple[int, ...]
    gpus: tuple[int, ...]


@dataclass
class Outcome:
    """A run that ended."""

    results: Path
    local_results: Path
    output: str
    records: dict[int, JobRecord]
    asked: list[Asked] = field(default_factory=list)

    def of(self, rule: str, run: str) -> list[JobRecord]:
        """Return the records of a rule's job for a run, in the order of submission."""
        return [self.records[job.number] for job in self.asked if job.rules == (rule,) and job.run == run]


def prepare(folder: Path) -> Path:
    """Make a checkout with the small configuration, and make half of its arrays."""
    checkout(folder)
    (folder / "small.yaml").write_text(CONFIG)
    (folder / "tracks.tsv").write_text(TRACKS)
    (folder / "runs.tsv").write_text(RUNS.replace("\t6\t-", f"\t{STEPS}\t-").replace("cached", "on_the_fly"))
    run_in(folder, *snakemake_command("--cores", "2", "--until", *PREPARED))
    return folder


def snakemake_command(*arguments: str) -> list[str]:
    table = "results/slurm/table1.tsv"
    return [clusters_python(), "-m", "snakemake", "--configfile", "small.yaml", *arguments, "--", table]


def has_checkpoint(folder: Path, run: str) -> bool:
    return any((folder / "results/slurm/checkpoints" / run).glob("*/step_*.npz"))


def disturb(cluster: SlurmCluster, folder: Path, left: set[str]) -> None:
    """Cancel one training after its first checkpoint, and let another one hang; take those out of `left`."""
    for line in cluster.run("squeue", "--noheader", "--states=running", "--format=%i %k").splitlines():
        number, comment = line.split(maxsplit=1)
        for run in list(left):
            if comment.strip() == f"rule_train_wildcards_{run}" and has_checkpoint(folder, run):
                how = {CANCELLED: [], HANGING: ["--signal=STOP"]}[run]
                cluster.run("scancel", *how, number)
                left.remove(run)


def read_asked(output: str) -> list[Asked]:
    """Read what Snakemake prints of jobs: a block with resources for each, then the number that SLURM gave it.

    The blocks of the members of a group are indented below the line of the group, which is submitted by another name
    that begins with that of the group.
    """
    blocks: dict[str, list[dict[str, str]]] = {}
    group, found = "", []
    for text in re.split(r"\n(?=\[|Job |\s*rule \w+:\n)", output):
        if starts := re.match(r"\[.*\] Group job (\S+) ", text):
            group = f"group_{starts[1]}"
            blocks[group] = []
        elif starts := re.match(r"(\s*)rule (\w+):\n", text):
            values = dict(re.findall(r"^\s+(\w+): (.*)$", text, flags=re.M)) | {"rule": starts[2]}
            if starts[1].strip("\n"):
                blocks[group].append(values)
            else:
                blocks[values["jobid"]] = [values]
        elif starts := re.match(
            r"Job (\S+) has been submitted with SLURM jobid (\d+) \(log: .*/slurm_logs/(\w+)", text
        ):
            grouped = next((name for name in blocks if starts[3].startswith(f"{name}_")), starts[1])
            found.append(_asked(int(starts[2]), blocks[grouped]))
    return found


def _asked(number: int, jobs: list[dict[str, str]]) -> Asked:
    resources = [dict(re.findall(r"(\w+)=([^,]+)", job["resources"])) for job in jobs]
    amounts = {name: tuple(int(row.get(name, 0)) for row in resources) for name in ("mem_mb", "runtime", "gpu")}
    run = dict(re.findall(r"(\w+)=([^,]+)", jobs[0].get("wildcards", ""))).get("run", "")
    rules = tuple(job["rule"] for job in jobs)
    return Asked(number, rules, run, amounts["mem_mb"], amounts["runtime"], amounts["gpu"])


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Run the small configuration through SLURM, and without it while the hanging job waits for its limit."""
    if reason := missing():
        pytest.skip(f"{reason}; `make slurm-test` runs these tests")
    clusters_python()
    folder = prepare(tmp_path_factory.mktemp("slurm"))
    local = folder.parent / "local"
    shutil.copytree(folder, local)
    left, output, local_output = {CANCELLED, HANGING}, folder / "output.txt", local / "output.txt"
    # More than the machine has, which SLURM believes: what is tested is what it was asked for.
    with slurm_cluster(cpus=8, memory=32_000, gpus=2) as cluster:
        command = snakemake_command("--workflow-profile", "profiles/slurm", *SITE, *SOON)
        run, local_run = cluster.start(output, *command, folder=folder), None
        end = time.monotonic() + PATIENCE
        while run.poll() is None:
            assert time.monotonic() < end, output.read_text() + cluster.logs()
            disturb(cluster, folder, left)
            if not left and local_run is None:
                local_run = cluster.start(local_output, *snakemake_command("--cores", "1"), folder=local)
            time.sleep(0.5)
        assert run.returncode == 0 and local_run, output.read_text()
        assert local_run.wait(PATIENCE) == 0, local_output.read_text()
        records = cluster.records()
    said = output.read_text()
    return Outcome(folder / "results/slurm", local / "results/slurm", said, records, read_asked(said))


def test_the_profile_was_used(outcome: Outcome) -> None:
    assert "Using workflow specific profile profiles/slurm" in outcome.output


def test_the_table_equals_that_of_a_local_run(outcome: Outcome) -> None:
    assert (outcome.results / "table1.tsv").read_bytes() == (outcome.local_results / "table1.tsv").read_bytes()


def test_trainings_and_predictions_got_one_gpu_and_others_none(outcome: Outcome) -> None:
    for job in outcome.asked:
        gpus = outcome.records[job.number].gpus
        assert gpus == (1 if ON_GPU & set(job.rules) else 0), job
    assert {rule for job in outcome.asked for rule in job.rules} >= ON_GPU


def test_trainings_go_to_the_partition_that_the_user_names(outcome: Outcome) -> None:
    for job in outcome.asked:
        assert outcome.records[job.number].partition == ("gpu" if job.rules == ("train",) else "main"), job


def test_memory_and_time_limits_are_those_of_the_rules(outcome: Outcome) -> None:
    """The members of a group run one after the other: the memory of the largest, the time of all."""
    assert sorted(outcome.records) == sorted(job.number for job in outcome.asked)
    for job in outcome.asked:
        record = outcome.records[job.number]
        assert (record.memory, record.minutes) == (max(job.memory), sum(job.minutes)), job


def test_a_cancelled_training_is_submitted_again_and_resumes(outcome: Outcome) -> None:
    records = outcome.of("train", CANCELLED)
    assert "CANCELLED" in [record.state for record in records] and records[-1].state == "COMPLETED"
    assert read_json(outcome.results / f"runs/{CANCELLED}/run.json")["resumed_at"]


def test_a_training_beyond_its_time_limit_is_submitted_again_with_a_longer_one_and_resumes(outcome: Outcome) -> None:
    records = outcome.of("train", HANGING)
    assert "TIMEOUT" in [record.state for record in records] and records[-1].state == "COMPLETED"
    assert [record.minutes for record in records] == [1 + number for number in range(len(records))]
    assert read_json(outcome.results / f"runs/{HANGING}/run.json")["resumed_at"]


def test_small_jobs_go_together(outcome: Outcome) -> None:
    """What makes the arrays is one SLURM job."""
    groups = [job for job in outcome.asked if "manifest" in job.rules]
    assert len(groups) == 1 and {"samples", "expression", "motifs", "split"} <= set(groups[0].rules)
