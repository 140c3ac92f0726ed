"""Jobs of a cluster: how many submissions there are, what each asks for, and what one that is repeated changes."""

import json
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
from helpers.small_run import ROOT, RUNS, SMALL, checkout, dry_run
from helpers.submissions import CLUSTERS, planned_submissions, profile, snakemake_with, with_executor

pytestmark = pytest.mark.workflow
WITH_OWN_FILES = {"sources", "arrays", "release"}
"""Groups with rules that may read a large file of the user's."""
OF_THE_USER = r"source_path\(|own_sources\(|released_data|histone_track\.input"
ALONE = {"train", "all", "dataset", "release", "motif_detection", "use"}
"""Rules without a group: trainings, and what Snakemake does itself."""
FULL = {
    "train": 16, "sources": 3, "arrays": 1, "features": 1, "baselines": 1, "copies": 1, "predictions": 3, "scores": 3,
    "tables": 1,
}  # fmt: skip
DEMO = {
    "train": 7, "sources": 1, "arrays": 1, "features": 1, "baselines": 1, "fits": 1, "predictions": 1,
    "fit_predictions": 1, "uses": 1, "scores": 2, "tables": 1,
}  # fmt: skip
FULL_DEMO = {
    "train": 22, "sources": 1, "arrays": 1, "features": 1, "baselines": 3, "fits": 4, "copies": 1, "predictions": 5,
    "fit_predictions": 3, "uses": 1, "scores": 5, "tables": 1, "motif_detection": 1, "release": 1,
}  # fmt: skip
OF_DEMO = ("--configfile", "config/demo.yaml")
OF_FULL_DEMO = ("--configfile", "config/demo_full.yaml", "--", "all", "motif_detection", "release")
Plan = list[dict[str, Any]]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkout in which nothing was run."""
    return checkout(tmp_path_factory.mktemp("submissions"))


@pytest.fixture(scope="module")
def planned(clean: Path) -> Callable[..., Plan]:
    """Return a function that gives what is submitted with certain options, planned once."""
    return cache(lambda *options: planned_submissions(clean, "slurm", *options))


def names(submissions: list[dict[str, Any]]) -> Counter[str]:
    return Counter(one["group"] or one["rules"][0] for one in submissions)


def test_every_rule_has_a_group_or_is_known_to_be_alone() -> None:
    rules = {
        name for path in ROOT.glob("workflow/rules/*.smk") for name in re.findall(r"(?m)^rule (\w+):", path.read_text())
    }
    rules |= {
        name for path in ROOT.glob("workflow/rules/*.smk") for name in re.findall(r" as (\w+) with:", path.read_text())
    }
    grouped = profile("slurm")["groups"]
    assert set(grouped) == rules - ALONE
    assert set(profile("slurm")["group-components"]) == set(grouped.values())


def test_pods_have_the_groups_of_slurm_but_for_those_with_files_of_the_user() -> None:
    """Such a job of a group would run where Snakemake does, and all others with it at once."""
    slurm = profile("slurm")
    for name in set(CLUSTERS) - {"slurm"}:
        found = profile(name)
        assert found["groups"] == {rule: to for rule, to in slurm["groups"].items() if to not in WITH_OWN_FILES}
        assert found["group-components"] == {
            to: count for to, count in slurm["group-components"].items() if to not in WITH_OWN_FILES
        }
    text = "\n".join(path.read_text() for path in ROOT.glob("workflow/rules/*.smk") if path.name != "common.smk")
    parts = re.split(r"(?m)^(?:rule|use rule \w+ as) (\w+).*$", text)
    reading = {rule for rule, part in zip(parts[1::2], parts[2::2], strict=True) if re.search(OF_THE_USER, part)}
    assert {"gene_lines", "genes", "expression", "histone_track", "manifest", "compare_release"} <= reading
    assert {slurm["groups"][rule] for rule in reading} == WITH_OWN_FILES


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "jobs", "expected"), [((), 213, FULL), (OF_DEMO, 156, DEMO), (OF_FULL_DEMO, 393, FULL_DEMO)]
)
def test_a_cluster_sees_a_few_dozen_submissions(
    planned: Callable[..., Plan], options: tuple[str, ...], jobs: int, expected: dict[str, int]
) -> None:
    found = planned(*options)
    assert sum(len(one["rules"]) for one in found) == jobs
    assert names(found) == expected
    for one in found:
        asked = one["resources"]
        assert one["threads"] <= 8
        assert asked["mem_mb"] <= 2000 * 8 and asked["runtime"] <= 1440
        assert asked.get("gpu", 0) <= 1
        # A command is one argument, of at most 128 KiB on Linux.
        assert len(one["targets"]) < 10_000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "jobs", "pods", "expected", "most"),
    [
        ((), 213, 84, FULL, [8, 8000, 1]),
        (OF_DEMO, 156, 75, DEMO, [2, 4000, 0]),
        (OF_FULL_DEMO, 393, 131, FULL_DEMO, [2, 4000, 0]),
    ],
)
def test_pods_are_fewer_than_jobs(
    clean: Path, options: tuple[str, ...], jobs: int, pods: int, expected: dict[str, int], most: list[int]
) -> None:
    """One after another: no pod asks for more than one job does, a training or, in the demos, a simulation."""
    found = planned_submissions(clean, "kubernetes", *options)
    assert sum(len(one["rules"]) for one in found) == jobs and len(found) == pods
    asked = [one["resources"] for one in found]
    largest = [max(one.get(name, 0) for one in asked) for name in ("mem_mb", "gpu")]
    assert [max(one["threads"] for one in found), *largest] == most
    grouped = {name: count for name, count in expected.items() if name not in WITH_OWN_FILES}
    assert {name: count for name, count in names(found).items() if name in grouped} == grouped


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), OF_DEMO, OF_FULL_DEMO])
def test_no_group_of_a_resumed_run_waits_for_itself(planned: Callable[..., Plan], options: tuple[str, ...]) -> None:
    """Whichever jobs are finished: the groups of a whole run in an order, and none with a way out of it and back.

    The rest of a run has no other ways than the whole. But a finished job counts as outside its group, and lies
    between two that are not finished where it need not be run again after the first: where it reads `ancient` files.
    """
    found = planned(*options)
    needs = {job: before for one in found for job, before in one["needs"].items()}
    group = {job: one["group"] or job for one in found for job in one["needs"]}
    assert len(needs) == sum(len(one["rules"]) for one in found)
    # Raises CycleError.
    of_groups: dict[str, set[str]] = {name: set() for name in group.values()}
    for job, before in needs.items():
        of_groups[group[job]] |= {group[other] for other in before} - {group[job]}
    list(TopologicalSorter(of_groups).static_order())

    upstream: dict[str, set[str]] = {}
    for job in TopologicalSorter(needs).static_order():
        upstream[job] = set(needs[job]).union(*(upstream[other] for other in needs[job]))
    of_ancient = [(job, other) for job, before in needs.items() for other, ancient in before.items() if ancient]
    returning = [
        (job, other, group[job])
        for job, other in of_ancient
        if any(group[job] == group[after] for after, before in upstream.items() if job in before)
        and any(group[job] == group[first] for first in upstream[other] | {other})
    ]
    assert of_ancient and not returning


@pytest.mark.slow
def test_a_group_asks_for_the_largest_job_and_the_time_of_all(planned: Callable[..., Plan]) -> None:
    """On SLURM one after another: downloads, some with the genome; eight predictions with eight threads on one GPU."""

    def asks(one: dict[str, Any]) -> list[int | None]:
        return [one["threads"], *(one["resources"].get(key) for key in ("mem_mb", "runtime", "gpu"))]

    found = planned("results/models.tsv")
    asked = {(one["group"], len(one["rules"])): asks(one) for one in found}
    assert asked["predictions", 8] == [8, 8000, 8 * 60, 1]
    assert asked["", 1] == [8, 8000, 1440, 1]
    with_genome = []
    for one in found:
        if one["group"] == "sources":
            downloads, others = one["rules"].count("download"), [name for name in one["rules"] if name != "download"]
            with_genome += others
            more = 10 + 10 + 20 if others else 0
            assert asks(one) == [1, 1500 if others else 500, 120 * downloads + more, None]
    assert with_genome == ["gene_lines", "genes", "genome"]


@pytest.mark.slow
def test_what_is_submitted_again_asks_for_more_and_changes_nothing_else(tmp_path: Path) -> None:
    """A group of three jobs fails once. It then gets twice the memory and time, and no job is run again for that."""
    folder = checkout(tmp_path)
    (folder / "small_runs.tsv").write_text(RUNS)
    (folder / "small.yaml").write_text(
        re.sub(r'(?m)^  donors: "{url}"\n', "", SMALL).replace("{{", "{").replace("}}", "}")
    )
    target = ("results/small/dataset/genes.tsv", "--configfile", "small.yaml")
    output = snakemake_with(folder, *target, "--workflow-profile", with_executor("slurm", "shell", folder / "shell"))
    submissions = [json.loads(line) for line in (folder / "submissions.jsonl").read_text().splitlines()]
    first, second = submissions
    assert sorted(first["rules"]) == sorted(second["rules"]) == ["gene_lines", "genes", "simulate_annotation"], output
    # One after another, each with what the profile gives to a job that says nothing.
    asked = [(one["attempt"], one["threads"], *map(one["resources"].get, ("mem_mb", "runtime"))) for one in submissions]
    assert asked == [(1, 1, 1000, 30), (2, 1, 2000, 60)]
    assert (folder / target[0]).stat().st_size > 0
    assert dry_run(folder, *target) == {}
