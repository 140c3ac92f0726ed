"""Files of a design: the sequence, tables, and a page that includes its figure and refers to no other file."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ...base.files import atomic_path
from ...base.text_cells import text_cell
from ...use.design_review import HIT_SHARE, RANDOM_DESIGNS, Gain, Review
from ..figures.canvas import png_of
from ..figures.design_figure import gain_panels
from ..write_table import markdown
from .html import page

MOST_SITES = 40
"""Sites that the page shows; `motifs.tsv` has all."""
_BASES_PER_LINE = 80
_STYLE = """<style>
img { max-width: 100%; } pre { overflow-x: auto; } table { display: block; overflow-x: auto; }
td, td:first-child, td:not([style]):not(:first-child):last-child { min-width: 0; }
</style></head>"""


def write_design(found: Review, out: Path, header: Sequence[str]) -> str:
    """Write a design to a folder.

    Parameters
    ----------
    found
        The design.
    out
        Folder: ``design.fa``, ``edits.tsv``, ``gains.tsv``, ``contexts.tsv``, ``motifs.tsv`` and ``design.html``.
    header
        First lines of each table (`commands.common.header`).

    Returns
    -------
    str
        What to say on the terminal.
    """
    texts = {
        "design.fa": _fasta(found),
        "edits.tsv": _tsv(found.edits, header),
        "gains.tsv": _tsv(gain_columns(found.gains), header),
        "contexts.tsv": _tsv(context_columns(found), header),
        "motifs.tsv": _tsv(found.motifs, header),
        "design.html": design_page(found, header),
    }
    for name, text in texts.items():
        with atomic_path(out / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return f"{_summary(found)}\n{out / 'design.html'}: open it in a browser"


def gain_columns(gains: Sequence[Gain]) -> dict[str, list[Any]]:
    """Return gains as columns, one row a run."""
    return {
        "run": [gain.run for gain in gains],
        "role": [gain.role for gain in gains],
        "before": [gain.before for gain in gains],
        "after": [gain.after for gain in gains],
        "gain": [gain.gain for gain in gains],
        "random_mean": [gain.random_mean for gain in gains],
        "random_sd": [gain.random_sd for gain in gains],
        "random_share": [gain.random_share for gain in gains],
    }


def context_columns(found: Review) -> dict[str, list[Any]]:
    """Return the predicted means before and after by context, the target first."""
    names = found.objective.contexts.names
    return {
        "context": list(names),
        "role": ["target", *["off"] * (len(names) - 1)],
        "mean_before": found.means[0].tolist(),
        "mean_after": found.means[1].tolist(),
    }


def design_page(found: Review, header: Sequence[str]) -> str:
    """Return the page of a design."""
    template = found.objective.template
    data = base64.b64encode(png_of(gain_panels(found.gains, context_columns(found)))).decode()
    order = sorted(
        range(len(found.motifs["motif"])),
        key=lambda row: -abs(found.motifs["score_after"][row] - found.motifs["score_before"][row]),
    )
    sites = {name: [column[row] for row in order[:MOST_SITES]] for name, column in found.motifs.items()}
    neighbours: dict[str, list[Any]] = {
        "promoter": [one.gene for one in found.neighbours],
        "part": [one.part for one in found.neighbours],
        "equal bases (%)": [100 * one.identity for one in found.neighbours],
    }
    gains = gain_columns(found.gains)
    sections = [
        _summary(found),
        f"![Gain by run, and predicted expression by context](data:image/png;base64,{data})",
        "## Gain, predicted and checked",
        f"Objective: {_formula(found)}. Runs of the role `search` guided the search and overrate what they found; "
        f"those of the role `judge` did not. Diamonds: mean "
        f"and standard deviation of up to {RANDOM_DESIGNS} random designs of as many edits.",
        _table(gains),
        "## Edits",
        "Positions from the TSS on the strand of the transcript. The gain is what the objective loses without this one "
        "edit; gains of edits that need each other do not add up to the whole.",
        _table(found.edits),
        "## Sites gained and lost",
        f"Places where a motif reaches {HIT_SHARE:.0%} of its best score in only one of the two sequences; motifs of a "
        f"family share sites. {len(order)} in all"
        + (f", the {MOST_SITES} largest changes:" if len(order) > MOST_SITES else "."),
        _table(sites),
        "## Nearest natural promoters",
        _table(neighbours),
        "## Sequence",
        "Edited bases are marked below.",
        _marked(template.bases[slice(*template.insert)], found.draft.bases[slice(*template.insert)]),
        "## What this does not show",
        "\n".join(f"- {line}" for line in caveats(found)),
        "## How it was made",
        "\n".join(f"- {line.removeprefix('# ')}" for line in header),
    ]
    return page(_title(found), "\n\n".join(sections)).replace("</head>", _STYLE, 1)


def caveats(found: Review) -> list[str]:
    """Return what a reader must know about a design, as sentences."""
    models, template = found.objective.models, found.objective.template
    lines = []
    if not any(gain.role == "judge" for gain in found.gains):
        lines.append(
            "No independent run judged this design (`--check`): its gain is the claim of the runs that made it."
        )
    else:
        lines.append(
            "Judges trained on the same data share mistakes with the runs of the search. One that differs in its seed "
            "alone, or is built on a run of the search, says less than another architecture."
        )
    if marked := [model.name for model in models if model.reads_histones]:
        lines.append(
            f"{', '.join(marked)} reads histone marks, which stay as they were: the effect of an edit on chromatin is "
            "not predicted, and much of its effect on expression is therefore hidden. Marks of a chromosome do not "
            "describe an episome, such as that of an AAV."
        )
    if blind := [model.name for model in models if not (model.reads_levels or model.reads_tissue)]:
        lines.append(f"{', '.join(blind)} reads no tissue: its prediction is the same in all of them.")
    if template.part:
        held_out = f"{template.name} is held out from the runs (part {template.part})."
        lines.append(f"The runs were trained on {template.name}." if template.part == "training" else held_out)
    else:
        lines.append(
            "The start is not on a chromosome. Use its predictions only as ratios to a reference promoter in the same "
            "construct."
        )
    if found.edits["position"]:
        lines.append(
            "An edited promoter lies outside the natural ones that the runs were trained on. Only an experiment, with "
            "the start and random edits as controls, shows what it does."
        )
    lines.append("Predicted means are of a distribution between samples. Its spread is not doubt about the model.")
    return lines


def _formula(found: Review) -> str:
    target, *others = found.objective.contexts.names
    down = found.objective.down
    if not others:
        return f"{'minus ' * down}log(1 + mean TPM) in {target}"
    if down:
        return f"the smallest log(1 + mean TPM) in {', '.join(others)}, minus that in {target}"
    return f"log(1 + mean TPM) in {target}, minus the largest in {', '.join(others)}"


def _title(found: Review) -> str:
    target = found.objective.contexts.names[0]
    return f"{found.objective.template.name}, designed {'down' if found.objective.down else 'up'} in {target}"


def _summary(found: Review) -> str:
    edits = len(found.edits["position"])
    if not edits:
        return "No edit that holds the constraints improves the prediction: the sequence is the start."
    average = [gain for gain in found.gains if gain.role == "search"][-1]
    judges = [f"{gain.run} {gain.gain:+.3f}" for gain in found.gains if gain.role == "judge"]
    checked = f"Judges: {', '.join(judges)}." if judges else "No independent run has judged it (--check)."
    return (
        f"{edits} edited bases; gain {average.gain:+.3f} of log(1 + TPM) by the runs of the search, random edits "
        f"{average.random_mean:+.3f}. {checked}"
    )


def _marked(before: str, after: str) -> str:
    """Return a block of code with a sequence, and marks below the bases that differ from another one."""
    lines = []
    for start in range(0, len(after), _BASES_PER_LINE):
        pair = zip(before[start : start + _BASES_PER_LINE], after[start : start + _BASES_PER_LINE], strict=True)
        lines.append(after[start : start + _BASES_PER_LINE])
        if marks := "".join(" " if was == base else "^" for was, base in pair).rstrip():
            lines.append(marks)
    return "\n".join(["```", *lines, "```"])


def _fasta(found: Review) -> str:
    template = found.objective.template
    bases = found.draft.bases[slice(*template.insert)]
    lines = [bases[start : start + _BASES_PER_LINE] for start in range(0, len(bases), _BASES_PER_LINE)]
    title = (
        f">{template.name}_design tss={template.anchor - template.insert[0] + 1} edits={len(found.edits['position'])}"
    )
    return "\n".join([title, *lines]) + "\n"


def _tsv(columns: Mapping[str, list[Any]], header: Sequence[str]) -> str:
    rows = ["\t".join(map(text_cell, row)) for row in zip(*columns.values(), strict=True)]
    return "\n".join([*header, "\t".join(columns), *rows]) + "\n"


def _table(columns: Mapping[str, list[Any]]) -> str:
    if not next(iter(columns.values())):
        return "None."
    return markdown({name: [text_cell(value) for value in column] for name, column in columns.items()}, words=True)
