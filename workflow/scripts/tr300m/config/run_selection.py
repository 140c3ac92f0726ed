"""Which runs and baselines each table, figure and page of a configuration shows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from ..base.errors import TR300MError
from .architectures import Architecture
from .baseline_table import BASELINES
from .evaluated import Evaluated
from .external_predictions import External
from .fold_pools import Pool, pool_folds
from .option_groups import option_groups
from .report_pages import PAGES, Page
from .run_groups import references_of_controls, runs_by_seed
from .run_table import Run, split_of_table1
from .thesis_comparisons import Comparison

FINAL, FINAL_ARCHITECTURE = "final", "seq_tf_core_hm"
"""The thesis's run of Table 2: its name, also in config/runs.tsv, and its architecture."""


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
    external
        Predictions of other programs, in the order of the configuration.
    """

    runs: Mapping[str, Run]
    architectures: Mapping[str, Architecture]
    comparisons: Mapping[str, Comparison]
    baselines: tuple[str, ...]
    final_name: str
    planted: bool
    simulated_regulators: bool
    level_change_runs: tuple[str, ...] | None = None
    external: tuple[External, ...] = ()

    def architecture(self, run: str) -> Architecture:
        """Return the architecture of a run, with its options."""
        return self.runs[run].with_options(self.architectures[self.runs[run].architecture])

    def label(self, run: str) -> str:
        """Return the name of a run in tables."""
        return self.runs[run].label(self.architecture(run))

    def reads_own_level(self, run: str) -> bool:
        """Return whether the TPM of a target gene can be an input of a run; false for runs with a control.

        A factorised model reads the levels of no gene that it predicts.
        """
        architecture = self.architecture(run)
        return self.runs[run].control == "none" and architecture.reads_levels and not architecture.factorised

    def simulated_inputs(self, run: str) -> dict[str, bool]:
        """Return which of the inputs that carry simulated effects a run reads."""
        architecture = self.architecture(run)
        return {"levels": architecture.tf, "histones": architecture.hm}

    @property
    def networks(self) -> list[str]:
        """Runs of networks, which read one pair of gene and sample; they are trained step by step."""
        return [name for name in self.runs if not self.architecture(name).factorised]

    @property
    def factorised_runs(self) -> list[str]:
        """Runs of factorised models."""
        return [name for name in self.runs if self.architecture(name).factorised]

    @property
    def table1_runs(self) -> list[str]:
        """Runs of Table 1: for each architecture the first run with its split, the thesis's output and no control."""
        return list(self._run_of_architecture.values())

    @property
    def table1_split(self) -> str:
        """Split of Table 1 (`run_table.split_of_table1`)."""
        return split_of_table1(self.runs)

    @property
    def final_run(self) -> str | None:
        """The run of Table 2, or None if the run table lacks it; a network without options."""
        run = self.runs.get(self.final_name)
        return None if run is None or run.options or run.run in self.factorised_runs else run.run

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
        return references_of_controls(self.runs)

    @property
    def seed_groups(self) -> list[list[str]]:
        """Groups of two or more runs that differ only in their seed."""
        return [names for names in runs_by_seed(self.runs) if len({self.runs[name].seed for name in names}) > 1]

    @property
    def splits_in_use(self) -> list[str]:
        """Splits of the runs, in the order of the run table, then those of external predictions."""
        splits = [run.split for run in self.runs.values()]
        return list(dict.fromkeys([*splits, *(split for row in self.external for split in row.splits)]))

    def thesis_run(self, name: str) -> str | None:
        """Return the key in thesis_curves.tsv of the thesis's run that a run repeats on the released data.

        The result is None if the run has another split, output or control. The table may lack the key, because one of
        the thesis's logs is empty.
        """
        run = self.runs[name]
        if run.split != "thesis" or not self._in_table1(run):
            return None
        return FINAL if (name, run.architecture) == (FINAL, FINAL_ARCHITECTURE) else run.architecture

    @property
    def thesis_runs(self) -> list[str]:
        """Runs with the thesis's split; they predict the same pairs."""
        return [name for name, run in self.runs.items() if run.split == "thesis"]

    @property
    def level_runs(self) -> list[str]:
        """Runs with the thesis's split and a model of their own that read TF levels of simulated regulators.

        If the configuration chooses, those chosen of them.

        There are none with real regulators: computing the effect of each would take longer than the training.
        """
        if not self.simulated_regulators:
            return []
        runs = [name for name in self.thesis_runs if self.architecture(name).tf and not self.runs[name].only_predicts]
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
        """Split and name of each baseline: all baselines on every split in use."""
        return [(split, name) for split in self.splits_in_use for name in self.baselines]

    @cached_property
    def pooled(self) -> dict[str, Pool]:
        """What is scored on all folds of one kind together, by the folder of these scores below the results."""
        return pool_folds(self.runs, self.architectures, self.splits_in_use, self.baselines, self.external)

    def folders(self, model: str) -> tuple[str, ...]:
        """Return the folders with the predictions of a model: its own, or those of its folds."""
        return self.pooled[model].folders if model in self.pooled else (model,)

    def split_of(self, folder: str) -> str:
        """Return the split of a run, baseline or external predictions, by its folder."""
        kind, name = folder.split("/")[:2]
        return self.runs[name].split if kind == "runs" else name

    @property
    def drawn_rows(self) -> list[Evaluated]:
        """Rows below Table 1 in its figure: baselines that do not read the genes' own expression, and external rows."""
        return [
            row
            for row in self.baseline_rows
            if row.split == self.table1_split and not (row.kind == "baseline" and BASELINES[row.model].own_expression)
        ]

    @property
    def evaluated(self) -> list[Evaluated]:
        """All runs, baselines and external predictions that have metrics and intervals."""
        runs = [
            Evaluated(f"runs/{run}", "run", run, self.label(run), self.runs[run].split, part)
            for run, part in self.evaluated_runs
        ]
        return runs + self.baseline_rows

    @property
    def baseline_rows(self) -> list[Evaluated]:
        """Rows of the table of baselines: the baselines split by split, then the external predictions."""
        baselines = [
            Evaluated(f"baselines/{split}/{name}", "baseline", name, BASELINES[name].label, split, "validation")
            for split, name in self.fitted_baselines
        ]
        return baselines + [
            Evaluated(f"external/{split}/{row.name}", "external", row.name, row.name, split, "validation")
            for row in self.external
            for split in row.splits
        ]

    @property
    def quantile_rows(self) -> list[Evaluated]:
        """External predictions with quantiles, split by split."""
        names = {row.name for row in self.external if row.quantiles}
        return [row for row in self.baseline_rows if row.kind == "external" and row.model in names]

    @property
    def external_of_table1(self) -> list[str]:
        """Names of the external predictions on the split of Table 1."""
        return [row.name for row in self.external if self.table1_split in row.splits]

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
        """Folders of the runs of Table 1, and of external predictions and baselines on its split."""
        return [
            *(f"runs/{run}" for run in self.table1_runs),
            *(f"external/{self.table1_split}/{name}" for name in self.external_of_table1),
            *(f"baselines/{self.table1_split}/{name}" for name in self.baselines),
        ]

    @cached_property
    def tables(self) -> list[str]:
        """Names of the tables that can be made from the configuration."""
        optional = {
            "table1": self.table1_runs,
            "table2": self.final_run,
            "baselines": self.baseline_rows,
            # Two of them to compare.
            "against_baselines": sum(map(bool, (self.table1_runs, self.external_of_table1, self.baselines))) > 1,
            "folds": self.pooled,
            "controls": self.control_runs,
            "seeds": self.seed_groups,
            "options": option_groups(self),
            "truth": self.planted and self.thesis_runs,
        }
        compared = [f"table{number}" for number in self.compared_runs]
        named = [name for name, given in optional.items() if given]
        return ["models", *compared, "intervals", "mechanism", *named]

    @property
    def figures(self) -> list[str]:
        """Names of the figures of several models."""
        return ["models", *(["table1", "reliability"] if self.table1_runs else []), "mechanism"]

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
        missing = [] if self.final_run else [f"Table 2: no network without options is named {self.final_name}"]
        for table, pair in self.comparisons.items():
            absent = [key for key in (pair.first, pair.second) if key not in self._run_of_architecture]
            if absent:
                missing.append(f"Table {table}: Table 1 has no run of {' and '.join(absent)}")
        return missing

    @cached_property
    def _run_of_architecture(self) -> dict[str, str]:
        chosen: dict[str, str] = {}
        for name, run in self.runs.items():
            if self._in_table1(run):
                chosen.setdefault(run.architecture, name)
        return chosen

    def _in_table1(self, run: Run) -> bool:
        """Return whether family, split, output, inputs and way of training are those of Table 1."""
        alike = (run.split, run.likelihood, run.control) == (self.table1_split, "nb_exponential", "none")
        return alike and not run.options and not self.architectures[run.architecture].factorised
