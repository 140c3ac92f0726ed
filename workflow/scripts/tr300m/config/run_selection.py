"""Which runs and baselines each table, figure and page of a configuration shows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from ..base.errors import TR300MError
from .architectures import Architecture
from .baseline_table import BASELINES
from .run_table import Run, uncontrolled_run
from .thesis_comparisons import Comparison

FINAL, FINAL_ARCHITECTURE = "final", "seq_tf_core_hm"
"""The thesis's run of Table 2: its name, also in config/runs.tsv, and its architecture."""
PAGES = {
    "guide": ("Guide", "What good figures look like"),
    "table1": ("Tables", "Table 1: the architectures"),
    "table2": ("Tables", "Table 2: the final run on the test part"),
    "baselines": ("Tables", "Baselines"),
    "against_baselines": ("Tables", "Networks against baselines"),
    "controls": ("Tables", "Controls: scores with permuted inputs"),
    "seeds": ("Tables", "Seeds: spread between runs that differ in their seed"),
    "truth": ("Tables", "Recovery of the planted truth"),
    "breakdown": ("Evaluation", "Scores by group of genes and samples"),
    "calibration": ("Evaluation", "Calibration of the predicted distributions"),
    "runs": ("Records", "Runs: settings, device, time"),
    "versions": ("Records", "Versions and checksums"),
}
"""Pages of the report: category and title by the name of the table. The titles of Tables 3-7 name their runs."""


class Page(NamedTuple):
    """A page of the report; `caption` is the stem of a file in workflow/report."""

    category: str
    title: str
    caption: str


class Evaluated(NamedTuple):
    """A model or baseline with metrics and intervals: its folder below the results, and its names in tables."""

    folder: str
    kind: str
    model: str
    label: str
    split: str
    part: str

    @property
    def names(self) -> dict[str, str]:
        """All fields except the folder, by column."""
        return {name: value for name, value in self._asdict().items() if name != "folder"}


@dataclass(frozen=True)
class RunSelection:
    """The runs and baselines of each table, figure and page.

    Attributes
    ----------
    runs, architectures
        Rows of the two tables, by name.
    comparisons
        The architectures that the thesis's Tables 3-7 compare, by table number.
    baselines
        Names of the baselines to compute, in the order of the table.
    final_name
        Name of the run of Table 2; the run table may lack it.
    planted
        Whether expression is simulated, so that there is a planted truth.
    simulated_regulators
        Whether the regulators are simulated; there are then few of them.
    level_change_runs
        Runs for which the effect of each regulator's level is computed; None for all that it can be computed for.
    """

    runs: Mapping[str, Run]
    architectures: Mapping[str, Architecture]
    comparisons: Mapping[str, Comparison]
    baselines: tuple[str, ...]
    final_name: str
    planted: bool
    simulated_regulators: bool
    level_change_runs: tuple[str, ...] | None = None

    def architecture(self, run: str) -> Architecture:
        """Return the architecture of a run."""
        return self.architectures[self.runs[run].architecture]

    def label(self, run: str) -> str:
        """Return the name of a run in tables."""
        return self.runs[run].label(self.architecture(run).label)

    def reads_own_level(self, run: str) -> bool:
        """Return whether the TPM of a target gene can be an input of a run; false for runs with a control."""
        return self.runs[run].control == "none" and self.architecture(run).reads_levels

    def simulated_inputs(self, run: str) -> dict[str, bool]:
        """Return which of the inputs that carry simulated effects a run reads."""
        architecture = self.architecture(run)
        return {"levels": architecture.tf, "histones": architecture.hm}

    @property
    def table1_runs(self) -> list[str]:
        """Runs of Table 1: for each architecture the first run with the thesis's split and output and no control."""
        return list(self._run_of_architecture.values())

    @property
    def final_run(self) -> str | None:
        """The run of Table 2, or None if the run table lacks it."""
        return self.final_name if self.final_name in self.runs else None

    def required_final_run(self) -> str:
        """Return the run of Table 2.

        Raises
        ------
        TR300MError
            If the run table has no such run.
        """
        if self.final_run is None:
            raise TR300MError(self.missing_tables()[0], "add the row, or name another run in `final_run`")
        return self.final_run

    def candidates(self) -> list[str]:
        """Return the runs of Table 1 and the final run, which should be the best of them on validation."""
        return list(dict.fromkeys([*self.table1_runs, self.required_final_run()]))

    @property
    def compared_runs(self) -> dict[str, tuple[str, str]]:
        """The two runs that Tables 3-7 compare, by table number; tables whose runs Table 1 lacks are left out."""
        chosen = self._run_of_architecture
        return {
            table: (chosen[pair.first], chosen[pair.second])
            for table, pair in self.comparisons.items()
            if pair.first in chosen and pair.second in chosen
        }

    def compared(self, table: str) -> tuple[str, str]:
        """Return the two runs that one of Tables 3-7 compares.

        Raises
        ------
        TR300MError
            If Table 1 lacks one of them.
        """
        if table not in self.compared_runs:
            reason = next(line for line in self.missing_tables() if line.startswith(f"Table {table}:"))
            raise TR300MError(reason, "add a row of that architecture to the run table")
        return self.compared_runs[table]

    @property
    def control_runs(self) -> dict[str, str | None]:
        """The run without control that each run with a control is compared with, or None if the run table lacks it.

        Each run without control comes before its controls and is compared with None.
        """
        found: dict[str, str | None] = {}
        without = {name: uncontrolled_run(name, self.runs) for name, run in self.runs.items() if run.control != "none"}
        for reference in dict.fromkeys(without.values()):
            found |= {reference: None} if reference else {}
            found |= {name: reference for name, other in without.items() if other == reference}
        return found

    @property
    def seed_groups(self) -> list[list[str]]:
        """Groups of two or more runs that differ only in their seed."""
        groups: dict[Run, list[str]] = {}
        for name, run in self.runs.items():
            groups.setdefault(replace(run, run="", seed=0), []).append(name)
        return [names for names in groups.values() if len({self.runs[name].seed for name in names}) > 1]

    @property
    def splits_in_use(self) -> list[str]:
        """Splits of the runs, in the order of the run table."""
        return list(dict.fromkeys(run.split for run in self.runs.values()))

    def thesis_run(self, name: str) -> str | None:
        """Return the key in thesis_curves.tsv of the thesis's run that a run repeats on the released data.

        The result is None if the run has another split, output or control. The table may lack the key, because one of
        the thesis's logs is empty.
        """
        run = self.runs[name]
        if not _is_the_thesis(run):
            return None
        return FINAL if (name, run.architecture) == (FINAL, FINAL_ARCHITECTURE) else run.architecture

    @property
    def thesis_runs(self) -> list[str]:
        """Runs with the thesis's split; they predict the same pairs."""
        return [name for name, run in self.runs.items() if run.split == "thesis"]

    @property
    def level_runs(self) -> list[str]:
        """Trained runs with the thesis's split that read the TF levels of simulated regulators, those chosen of them.

        There are none with real regulators: computing the effect of each would take longer than the training.
        """
        if not self.simulated_regulators:
            return []
        runs = [run for run in self.thesis_runs if self.architecture(run).tf and not self.runs[run].only_predicts]
        return runs if self.level_change_runs is None else [run for run in runs if run in self.level_change_runs]

    @property
    def histone_pairs(self) -> list[tuple[str, str]]:
        """Pairs of runs of Table 1 without and with the histone branch, equal in all other inputs."""

        def inputs(run: str) -> Architecture:
            return replace(self.architecture(run), key="", label="")

        return [
            (without, run)
            for run in self.table1_runs
            for without in self.table1_runs
            if inputs(run).hm and replace(inputs(run), hm=False) == inputs(without)
        ]

    @property
    def evaluated_runs(self) -> list[tuple[str, str]]:
        """Run and part of each evaluation: all runs on validation, and the final run also on test."""
        return [*((run, "validation") for run in self.runs), *((run, "test") for run in [self.final_run] if run)]

    @property
    def fitted_baselines(self) -> list[tuple[str, str]]:
        """Split and name of each baseline: all baselines on every split that a run uses."""
        return [(split, name) for split in self.splits_in_use for name in self.baselines]

    @property
    def drawn_baselines(self) -> list[str]:
        """Baselines in the figure of Table 1: all except those that read the genes' own expression."""
        return [name for name in self.baselines if not BASELINES[name].own_expression]

    @property
    def evaluated(self) -> list[Evaluated]:
        """All runs and baselines that have metrics and intervals."""
        runs = [
            Evaluated(f"runs/{run}", "run", run, self.label(run), self.runs[run].split, part)
            for run, part in self.evaluated_runs
        ]
        return runs + [
            Evaluated(f"baselines/{split}/{name}", "baseline", name, BASELINES[name].label, split, "validation")
            for split, name in self.fitted_baselines
        ]

    @property
    def tested(self) -> list[Evaluated]:
        """All runs and baselines on the test part, split by split."""
        rows = [
            Evaluated(f"runs/{name}", "run", name, self.label(name), run.split, "test")
            for name, run in self.runs.items()
        ] + [
            Evaluated(f"baselines/{split}/{name}", "baseline", name, BASELINES[name].label, split, "test")
            for split, name in self.fitted_baselines
        ]
        return sorted(rows, key=lambda row: self.splits_in_use.index(row.split))

    @property
    def table1_models(self) -> list[str]:
        """Folders of the runs of Table 1 and of the baselines on their split, below the results."""
        return [
            *(f"runs/{run}" for run in self.table1_runs),
            *(f"baselines/thesis/{name}" for name in self.baselines),
        ]

    @property
    def tables(self) -> list[str]:
        """Names of the tables that can be made from the configuration."""
        optional = {
            "table2": self.final_run,
            "baselines": self.baselines,
            "against_baselines": self.baselines and self.table1_runs,
            "controls": self.control_runs,
            "seeds": self.seed_groups,
            "truth": self.planted and self.thesis_runs,
        }
        compared = [f"table{number}" for number in self.compared_runs]
        return ["table1", *compared, "intervals", *(name for name, given in optional.items() if given)]

    @property
    def pages(self) -> dict[str, Page]:
        """Pages of the report by the name of the table: those of `PAGES` that can be made, and Tables 3-7."""
        found = {
            name: Page(category, title, name)
            for name, (category, title) in PAGES.items()
            if category != "Tables" or name in self.tables
        }
        for number, runs in self.compared_runs.items():
            title = f"Table {number}: {' against '.join(map(self.label, runs))}"
            found[f"table{number}"] = Page("Tables", title, "comparison")
        return found

    def missing_tables(self) -> list[str]:
        """Return a message for each table of the thesis that cannot be made from these runs."""
        missing = [] if self.final_run else [f"Table 2: the run table has no run named {self.final_name}"]
        for table, pair in self.comparisons.items():
            absent = [key for key in (pair.first, pair.second) if key not in self._run_of_architecture]
            if absent:
                missing.append(f"Table {table}: Table 1 has no run of {' and '.join(absent)}")
        return missing

    @cached_property
    def _run_of_architecture(self) -> dict[str, str]:
        chosen: dict[str, str] = {}
        for name, run in self.runs.items():
            if _is_the_thesis(run):
                chosen.setdefault(run.architecture, name)
        return chosen


def _is_the_thesis(run: Run) -> bool:
    """Return whether split, output and inputs are those of the thesis."""
    return (run.split, run.likelihood, run.control) == ("thesis", "nb_exponential", "none")
