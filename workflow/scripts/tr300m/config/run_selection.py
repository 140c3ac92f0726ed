"""Which runs and baselines each table, figure and page of a configuration is about."""

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
"""The thesis's run of Table 2: its name there as in config/runs.tsv, and its architecture."""
PAGES = {
    "guide": ("Guide", "What good figures look like"),
    "table1": ("Tables", "Table 1: the architectures"),
    "table2": ("Tables", "Table 2: the final run on the test part"),
    "baselines": ("Tables", "Baselines"),
    "against_baselines": ("Tables", "Networks against baselines"),
    "controls": ("Tables", "Controls: what a score rests on"),
    "seeds": ("Tables", "Seeds: the spread between equal runs"),
    "truth": ("Tables", "What of the planted truth was found"),
    "breakdown": ("Evaluation", "What the scores are made of"),
    "calibration": ("Evaluation", "Calibration of the predicted distributions"),
    "runs": ("Records", "Runs: settings, device, time"),
    "versions": ("Records", "Versions and checksums"),
}
"""Tables that the report can show: name of the Markdown to category and title; Tables 3-7 are named by their runs."""


class Page(NamedTuple):
    """A page of the report; `caption` is the stem of a file in workflow/report."""

    category: str
    title: str
    caption: str


class Evaluated(NamedTuple):
    """A model with metrics and intervals: its folder below the results, and its names in tables."""

    folder: str
    kind: str
    model: str
    label: str
    split: str
    part: str

    @property
    def names(self) -> dict[str, str]:
        """Everything but the folder, by column."""
        return {name: value for name, value in self._asdict().items() if name != "folder"}


@dataclass(frozen=True)
class RunSelection:
    """Which runs and baselines each table, figure and page of a configuration is about.

    Attributes
    ----------
    runs, architectures
        Rows of the two tables, by name.
    comparisons
        What each of the thesis's Tables 3-7 compares, by its number.
    baselines
        Names of the baselines to compute, in the order of the table.
    final_name
        Name of the run of Table 2, which the run table need not have.
    planted
        Whether expression is simulated, so that there is a planted truth to find.
    simulated_regulators
        Whether the regulators are simulated, so that there are few of them.
    """

    runs: Mapping[str, Run]
    architectures: Mapping[str, Architecture]
    comparisons: Mapping[str, Comparison]
    baselines: tuple[str, ...]
    final_name: str
    planted: bool
    simulated_regulators: bool

    def architecture(self, run: str) -> Architecture:
        """Return the architecture of a run."""
        return self.architectures[self.runs[run].architecture]

    def label(self, run: str) -> str:
        """Return the name of a run in tables."""
        return self.runs[run].label(self.architecture(run).label)

    def reads_own_level(self, run: str) -> bool:
        """Return whether a gene's own TPM can be an input of a run; not asked of runs under a control."""
        return self.runs[run].control == "none" and self.architecture(run).reads_levels

    def simulated_inputs(self, run: str) -> dict[str, bool]:
        """Return which inputs a run reads that the simulated effects act through."""
        architecture = self.architecture(run)
        return {"levels": architecture.tf, "histones": architecture.hm}

    @property
    def table1_runs(self) -> list[str]:
        """Runs of Table 1: the thesis's split and output, no control, the first row of each architecture."""
        return list(self._run_of_architecture.values())

    @property
    def final_run(self) -> str | None:
        """The run of Table 2, if the run table has it."""
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
        """Return the final run and those of Table 1, among which it had to be the best on validation."""
        return list(dict.fromkeys([*self.table1_runs, self.required_final_run()]))

    @property
    def compared_runs(self) -> dict[str, tuple[str, str]]:
        """The two runs that each of Tables 3-7 compares, by its number; without those that Table 1 has no rows for."""
        chosen = self._run_of_architecture
        return {
            table: (chosen[pair.first], chosen[pair.second])
            for table, pair in self.comparisons.items()
            if pair.first in chosen and pair.second in chosen
        }

    def compared(self, table: str) -> tuple[str, str]:
        """Return the two runs of one of Tables 3-7.

        Raises
        ------
        TR300MError
            If Table 1 has no row of one of them.
        """
        if table not in self.compared_runs:
            reason = next(line for line in self.missing_tables() if line.startswith(f"Table {table}:"))
            raise TR300MError(reason, "add a row of that architecture to the run table")
        return self.compared_runs[table]

    @property
    def control_runs(self) -> dict[str, str | None]:
        """The run that each run under a control is compared with, if the run table has it: equal but for the control.

        Each such run stands before its controls, compared with nothing.
        """
        found: dict[str, str | None] = {}
        without = {name: uncontrolled_run(name, self.runs) for name, run in self.runs.items() if run.control != "none"}
        for reference in dict.fromkeys(without.values()):
            found |= {reference: None} if reference else {}
            found |= {name: reference for name, other in without.items() if other == reference}
        return found

    @property
    def seed_groups(self) -> list[list[str]]:
        """Runs that differ in their seed alone, where there are several."""
        groups: dict[Run, list[str]] = {}
        for name, run in self.runs.items():
            groups.setdefault(replace(run, run="", seed=0), []).append(name)
        return [names for names in groups.values() if len({self.runs[name].seed for name in names}) > 1]

    @property
    def splits_in_use(self) -> list[str]:
        """Splits of the runs, the first run's first."""
        return list(dict.fromkeys(run.split for run in self.runs.values()))

    def thesis_run(self, name: str) -> str | None:
        """Return which of the thesis's runs a run repeats on the released data, by its key in thesis_curves.tsv.

        None where its split, output or control is another. The key need not be there: one of the thesis's logs is
        empty.
        """
        run = self.runs[name]
        if not _is_the_thesis(run):
            return None
        return FINAL if (name, run.architecture) == (FINAL, FINAL_ARCHITECTURE) else run.architecture

    @property
    def thesis_runs(self) -> list[str]:
        """Runs of the thesis's split, whose predictions are of the same pairs."""
        return [name for name, run in self.runs.items() if run.split == "thesis"]

    @property
    def level_runs(self) -> list[str]:
        """Those of them that were trained and read the levels of simulated regulators.

        With all of the real regulators, computing the effect of each would take longer than the training.
        """
        if not self.simulated_regulators:
            return []
        return [run for run in self.thesis_runs if self.architecture(run).tf and not self.runs[run].only_predicts]

    @property
    def histone_pairs(self) -> list[tuple[str, str]]:
        """Runs of Table 1 that differ in the histone branch alone: without, with."""

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
        """Run and part of every evaluation: all on validation, the final run on test too."""
        return [*((run, "validation") for run in self.runs), *((run, "test") for run in [self.final_run] if run)]

    @property
    def fitted_baselines(self) -> list[tuple[str, str]]:
        """Split and name of every baseline: all of them on each split that a run uses."""
        return [(split, name) for split in self.splits_in_use for name in self.baselines]

    @property
    def drawn_baselines(self) -> list[str]:
        """Baselines in the figure of Table 1: genes' own means are far above all others and would stretch its axis."""
        return [name for name in self.baselines if not BASELINES[name].own_expression]

    @property
    def evaluated(self) -> list[Evaluated]:
        """Every model that has metrics and intervals."""
        runs = [
            Evaluated(f"runs/{run}", "run", run, self.label(run), self.runs[run].split, part)
            for run, part in self.evaluated_runs
        ]
        return runs + [
            Evaluated(f"baselines/{split}/{name}", "baseline", name, BASELINES[name].label, split, "validation")
            for split, name in self.fitted_baselines
        ]

    @property
    def table1_models(self) -> list[str]:
        """Folders of the runs of Table 1 and of the baselines on their split, below the results."""
        return [
            *(f"runs/{run}" for run in self.table1_runs),
            *(f"baselines/thesis/{name}" for name in self.baselines),
        ]

    @property
    def tables(self) -> list[str]:
        """Names of the tables that the configuration gives."""
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
        """Pages of the report, by the name of the table: those of `PAGES` that there are, and Tables 3-7."""
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
        """Return a sentence for each table of the thesis that these runs do not give."""
        missing = [] if self.final_run else [f"Table 2: the run table has no run named {self.final_name}"]
        for table, pair in self.comparisons.items():
            absent = [key for key in (pair.first, pair.second) if key not in self._run_of_architecture]
            if absent:
                missing.append(f"Table {table}: Table 1 has no row of {' and '.join(absent)}")
        return missing

    @cached_property
    def _run_of_architecture(self) -> dict[str, str]:
        chosen: dict[str, str] = {}
        for name, run in self.runs.items():
            if _is_the_thesis(run):
                chosen.setdefault(run.architecture, name)
        return chosen


def _is_the_thesis(run: Run) -> bool:
    """Whether split, output and inputs are the thesis's."""
    return (run.split, run.likelihood, run.control) == ("thesis", "nb_exponential", "none")
