"""Time and memory of each rule of a run, from the benchmark files that Snakemake wrote beside its results.

    python benchmarks/rule_costs.py results/demo

Prints a Markdown table: for each rule the jobs, the CPU time and wall-clock time of all of them together and of the
longest, and the largest memory of one. Times of less than half a second are mostly the start of Python.
"""

import sys
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple


class Cost(NamedTuple):
    """What one job took; NaN where Snakemake did not measure it, as of jobs that end at once."""

    wall: float
    cpu: float
    peak: float
    """In GB, of the job's processes together."""


def read_cost(path: Path) -> Cost:
    """Return the first row of a benchmark file."""
    names, values, *_ = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    row = {
        name: float("nan" if value in ("-", "NA") else value)
        for name, value in zip(names, values, strict=True)
        if name != "h:m:s"
    }
    return Cost(row["s"], row["cpu_time"], row["max_rss"] * 1.048576 / 1000)


def costs_of_rules(folder: Path) -> dict[str, list[Cost]]:
    """Return the costs of all jobs by rule: the name of the file, or of the folder of those with wildcards."""
    found = defaultdict(list)
    for path in sorted(folder.rglob("*.tsv")):
        rule = path.relative_to(folder).with_suffix("").parts[0]
        found[rule].append(read_cost(path))
    return dict(found)


def table(costs: dict[str, list[Cost]]) -> str:
    """Return the Markdown table, the rule with the most CPU time first."""
    lines = ["| rule | jobs | CPU, s | wall, s | longest job, s | peak, GB |", "|---|---|---|---|---|---|"]
    total = {
        rule: [sum(value for value in column if value == value) for column in zip(*jobs, strict=True)]
        for rule, jobs in costs.items()
    }
    for rule in sorted(costs, key=lambda rule: -total[rule][1]):
        wall, cpu, _ = total[rule]
        longest = max(job.wall for job in costs[rule])
        peak = max((job.peak for job in costs[rule] if job.peak == job.peak), default=float("nan"))
        lines.append(f"| {rule} | {len(costs[rule])} | {cpu:.1f} | {wall:.1f} | {longest:.1f} | {peak:.2f} |")
    jobs, wall, cpu = (
        sum(map(len, costs.values())),
        sum(row[0] for row in total.values()),
        sum(row[1] for row in total.values()),
    )
    return "\n".join([*lines, f"| all | {jobs} | {cpu:.1f} | {wall:.1f} | | |"])


if __name__ == "__main__":
    print(table(costs_of_rules(Path(sys.argv[1]) / "benchmarks")))
