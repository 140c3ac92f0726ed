"""A model card: what a trained run is, how good it is on held-out pairs, and what it is not for."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..base.files import read_json, read_tsv
from ..base.types import Strings
from ..config.baseline_table import BASELINES
from ..dataset.data_identity import identify
from .metric_table import INTERVAL_SUFFIX
from .write_table import markdown

SHOWN = ("Log Pearson Correlation", "Across Genes", "Within Gene", "Doubly Centred", "Spearman Correlation")
"""Columns of `models.tsv` on the card, each with its interval."""
BASELINE_FAMILY = "baseline"
NOT_FOR = (
    "**Persons.** What sets people apart in one tissue is hardly predicted from sequence by models of this kind, and "
    "often in the wrong direction. Do not use predictions for diagnosis, or to compare people.",
    "**Doubt.** The predicted distribution says how samples differ, not how sure the model is. Compare runs of several "
    "seeds, and other models.",
    "**What it has seen.** Of genes of the training part the model knows the expression: say so beside predictions.",
    "**Levels out of range.** A regulator at 0 TPM is rare in training; regulators of a family share motifs.",
)
WITH_MARKS = (
    "**Edits, where marks carry the prediction.** Histone marks are an input and do not follow an edit, so effects of "
    "edits are too small; a sequence outside the genome has no marks, and gets those of an average gene."
)


def model_card(run: Path, manifest: Mapping[str, Any]) -> str:
    """Return the card of a run as Markdown.

    Parameters
    ----------
    run
        Folder of the run in a folder of results, whose `models.tsv` and `evaluation/` the figures are taken from. What
        is not there is said to be missing.
    manifest
        Manifest of the dataset.

    Raises
    ------
    TR300MError
        If there is no record of the run.
    """
    record, results = read_json(run / "run.json"), run.resolve().parents[1]
    architecture, data = record["architecture"], identify(manifest)
    marks = architecture["hm"]
    sections = [
        f"# Model card: {record.get('run', run.name)}",
        f"{architecture['label']}, family {architecture.get('family', 'pairwise')}.",
        "## What it is",
        _bullets(_facts(record, manifest, data.name)),
        "## How good it is",
        _held_out(results / "models.tsv", run.name, architecture["label"], data.simulated),
        _by_tissue(results, run.name),
        "## What it is not for",
        _bullets([*NOT_FOR, *([WITH_MARKS] if marks else [])]),
        "## Made with",
        _bullets([f"{name} {number}" for name, number in record.get("versions", {}).items()]),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def _bullets(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _facts(record: Mapping[str, Any], manifest: Mapping[str, Any], data: str) -> list[str]:
    """Return what a user of the model must know of its inputs and its training."""
    architecture, arrays = record["architecture"], manifest["arrays"]
    window = record.get("window") or {"upstream": 2772, "downstream": 50}
    inputs = {
        "tf": "levels of regulators",
        "distance": "distances of regulators",
        "core": "core promoter elements",
        "hm": "histone marks, by tissue",
    }
    reads = ["the promoter sequence", *(text for key, text in inputs.items() if architecture[key])]
    genes, samples = arrays["expression"]["shape"]
    training = f"{record['steps']:,} steps" if record.get("steps") else "fitted to all training pairs at once"
    return [
        f"**Reads** {', '.join(reads)}."
        + (f" Gene features: {', '.join(record['features'])}." if record.get("features") else ""),
        f"**Window** from {window['upstream']:,} bp upstream to {window['downstream']:,} bp downstream of the TSS, "
        "5' to 3' on the strand of the gene: the reverse complement is another input.",
        f"**Predicts** TPM of a gene in a sample, as a distribution (`{record['likelihood']['name']}`).",
        f"**Data** {data}: {genes:,} genes, {samples:,} samples, edition {record['edition']}. SHA-256 of the arrays "
        "are in `run.json`.",
        f"**Held out** by split `{record['split']}`; control `{record['control']}`; {training}, seed {record['seed']}"
        + (f"; options {record['options']}" if record.get("options") else "")
        + ".",
    ]


def _held_out(path: Path, run: str, label: str, simulated: bool) -> str:
    """Return the rows of the run, or of all folds with it, and of the best baseline on each part, with intervals."""
    if not path.is_file():
        return "`models.tsv` is missing beside the runs: `snakemake models` makes it."
    table = read_tsv(path)
    mine = np.flatnonzero(table["Run or baseline"] == run)
    notes = ["Percent, on pairs of genes and samples that were held out."]
    if not len(mine):
        mine = np.flatnonzero((table["Model Architecture"] == label) & (table["Family"] != BASELINE_FAMILY))
        notes.append("All folds together, each predicted by the run that held it out.")
    # Those that read the genes' own expression are no measure of a model, which does not.
    own = np.isin(table["Run or baseline"], [name for name, row in BASELINES.items() if row.own_expression])
    rows: list[tuple[int, str]] = []
    for row in mine.tolist():
        place = (table["Split"] == table["Split"][row]) & (table["Part"] == table["Part"][row])
        best = np.flatnonzero(place & (table["Family"] == BASELINE_FAMILY) & ~own)[:1].tolist()
        rows += [(row, run), *((other, f"best baseline: {table['Model Architecture'][other]}") for other in best)]
    if not rows:
        return f"`models.tsv` has no row of {run}."
    columns = {"model": [text for _, text in rows]}
    for key in ("Split", "Part"):
        columns[key.lower()] = [str(table[key][row]) for row, _ in rows]
    for key in SHOWN:
        intervals = table.get(key + INTERVAL_SUFFIX)
        columns[key.lower()] = [_with_interval(table[key], intervals, row) for row, _ in rows]
    return markdown(columns, notes=notes, simulated=simulated)


def _with_interval(values: Strings, intervals: Strings | None, row: int) -> str:
    return str(values[row]) if intervals is None else f"{values[row]} [{intervals[row]}]"


def _by_tissue(results: Path, run: str) -> str:
    """Return the log Pearson correlation across the held-out genes in each tissue."""
    for part in ("test", "validation"):
        path = results / "evaluation" / f"{run}.{part}.groups.tsv"
        if path.is_file():
            table = read_tsv(path)
            rows = [row for row, view in enumerate(table["view"].tolist()) if view == "per tissue"]
            values = sorted(((float(table["log_pearson"][row]), row) for row in rows), reverse=True)
            columns = {
                "tissue": [str(table["group"][row]) for _, row in values],
                "pairs": [f"{int(table['pairs'][row]):,}" for _, row in values],
                "log Pearson (%)": [f"{100 * value:.1f}" for value, _ in values],
            }
            return markdown(columns, notes=[f"By tissue, part {part}:"]) if rows else ""
    return ""
