"""What became of a design: gains by its runs and by independent judges, beside random edits, and what it is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..base.errors import TR300MError
from ..base.types import Floats
from ..features.motif_scan import reverse_complement
from ..features.pooling import padding
from .design import Draft, Rules, made_by
from .design_constraints import Checker
from .design_moves import Move
from .design_objective import Objective
from .design_template import Template, changed_places
from .pack import SUFFIX
from .patched_scan import PatchedScan

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset
    from .model import SequenceModel
    from .predictor import Predictor

RANDOM_DESIGNS = 100
"""Random designs of as many edits, with which a gain is compared."""
HIT_SHARE = 0.85
"""Share of the best possible score of a motif from which on a place counts as a site."""
_GENES_PER_BLOCK = 256
_TRIES = 200


class Gain(NamedTuple):
    """The objective before and after, for one run, or for the average of those that guided the search.

    Attributes
    ----------
    run
        Name of the run.
    role
        ``search`` for what guided the search, ``judge`` for a run that it did not use.
    before, after
        Objective of the start and of the design.
    random_mean, random_sd
        Mean and standard deviation of the gain of random designs; NaN if there are none.
    random_share
        Share of the random designs that gain as much.
    """

    run: str
    role: str
    before: float
    after: float
    random_mean: float
    random_sd: float
    random_share: float

    @property
    def gain(self) -> float:
        """Difference of the objective."""
        return self.after - self.before


class Neighbour(NamedTuple):
    """A natural promoter and its share of bases that equal those of a design at the same distance from the TSS."""

    gene: str
    part: str
    identity: float


@dataclass(frozen=True)
class Review:
    """A design and what is to be known about it.

    Attributes
    ----------
    objective, draft
        The objective and the design.
    edits
        Columns of the edited bases: `position` (from the TSS), `genome_position` (on the chromosome, 1-based; None for
        a sequence of one's own), `before` and `after` (on the strand of the transcript), `made_by` (a motif with its
        strand, a constraint, or empty) and `gain`, by which the objective falls without this one edit.
    gains
        Gains by run.
    means
        Predicted mean TPM [start and design, context], averaged over the runs of the search.
    motifs
        Columns of the sites that are gained or lost: `change`, `motif`, `strand`, `position` of their first base from
        the TSS, `score_before` and `score_after` (bits).
    neighbours
        The most similar natural promoters, the most similar first.
    """

    objective: Objective = field(repr=False)
    draft: Draft
    edits: Mapping[str, list[Any]] = field(repr=False)
    gains: list[Gain]
    means: Floats = field(repr=False)
    motifs: Mapping[str, list[Any]] = field(repr=False)
    neighbours: list[Neighbour]


def review(
    predictor: "Predictor",
    objective: Objective,
    rules: Rules,
    start: Draft,
    draft: Draft,
    judges: Sequence["SequenceModel"] = (),
    seed: int = 3,
) -> Review:
    """Look at a design from all sides.

    Parameters
    ----------
    predictor
        The runs that guided the search.
    objective, rules
        Those of the search.
    start
        The start, mended to hold the constraints (`repaired`).
    draft
        The design.
    judges
        Runs that the search did not use.
    seed
        Seed of the random designs.
    """
    template = objective.template
    random = random_designs(template, rules, start, len(changed_places(template.bases, draft.bases)), seed)
    sequences = [template.bases, draft.bases, *random]
    means = objective.at(template.bases).means(sequences)
    scores = objective.of_means(means)
    gains = [_gain(model.name, "search", of_run) for model, of_run in zip(objective.models, scores, strict=True)]
    if len(gains) > 1:
        gains.append(_gain("all", "search", scores.mean(axis=0)))
    for judge in judges:
        judged = Objective((judge,), template, objective.contexts, objective.down)
        gains.append(_gain(judge.name, "judge", judged.at(template.bases).scores(sequences)))
    return Review(
        objective,
        draft,
        edit_columns(objective, draft),
        gains,
        means[:, :2].mean(axis=0),
        motif_changes(predictor.dataset, template, draft.bases),
        nearest_promoters(predictor, template, draft.bases),
    )


def _gain(run: str, role: str, scores: Floats) -> Gain:
    before, after = float(scores[0]), float(scores[1])
    random = scores[2:] - before
    if not len(random):
        return Gain(run, role, before, after, *[float("nan")] * 3)
    share = float((random >= after - before).mean())
    return Gain(run, role, before, after, float(random.mean()), float(random.std()), share)


def edit_columns(objective: Objective, draft: Draft) -> dict[str, list[Any]]:
    """Return the columns `Review.edits`."""
    template = objective.template
    places = changed_places(template.bases, draft.bases)
    without = [Move(place, template.bases[place]).on(draft.bases) for place in places]
    scores = objective.at(draft.bases).scores([draft.bases, *without])
    return {
        "position": [place - template.tss for place in places],
        "genome_position": [template.genome_position(place) for place in places],
        "before": [template.bases[place] for place in places],
        "after": [draft.bases[place] for place in places],
        "made_by": [made_by(draft, place) for place in places],
        "gain": (scores[0] - scores[1:]).tolist(),
    }


def random_designs(template: Template, rules: Rules, start: Draft, edits: int, seed: int) -> list[str]:
    """Return random designs of as many edits that hold the constraints; fewer, or none, where these leave no room."""
    rng, places = np.random.default_rng(seed), np.array(sorted(rules.editable))
    missing = edits - len(changed_places(template.bases, start.bases))
    found = []
    for _ in range(RANDOM_DESIGNS if missing > 0 else 0):
        bases = start.bases
        for place in rng.permutation(places)[: missing + _TRIES].tolist():
            if bases[place] != template.bases[place]:
                continue
            move = Move(place, str(rng.choice([base for base in "ACGT" if base != bases[place]])))
            if Checker(rules.constraints, bases, template.insert).allows(move.start, move.bases):
                bases = move.on(bases)
            if len(changed_places(template.bases, bases)) == edits:
                found.append(bases)
                break
    return found


def motif_changes(dataset: "Dataset", template: Template, bases: str) -> dict[str, list[Any]]:
    """Return the columns `Review.motifs`: places where a motif reaches `HIT_SHARE` of its best score in one only."""
    columns: dict[str, list[Any]] = {
        name: [] for name in ("change", "motif", "strand", "position", "score_before", "score_after")
    }
    windows = template.windows([template.bases, bases])
    schedule = ((template.window_length, 1),)
    for strand, kernels in (("+", dataset.pssm), ("-", reverse_complement(dataset.pssm))):
        before, after = (PatchedScan.of(window, kernels, schedule).scores for window in windows)
        best = HIT_SHARE * np.where((kernels != 0).any(axis=(0, 1)), kernels.max(axis=1).sum(axis=0), np.inf)
        first = np.argmax((kernels != 0).any(axis=1), axis=0) - padding(len(kernels))[0]
        for change, hits in (
            ("gained", (after >= best) & (before < best)),
            ("lost", (before >= best) & (after < best)),
        ):
            for place, motif in np.argwhere(hits):
                columns["change"].append(change)
                columns["motif"].append(str(dataset.motifs.name[motif]))
                columns["strand"].append(strand)
                columns["position"].append(int(place + first[motif]) - template.shift - template.tss)
                columns["score_before"].append(float(before[place, motif]))
                columns["score_after"].append(float(after[place, motif]))
    return columns


def nearest_promoters(predictor: "Predictor", template: Template, bases: str, count: int = 3) -> list[Neighbour]:
    """Return the natural promoters with most bases like those of a sequence at the same distance from the TSS."""
    dataset, window = predictor.dataset, template.windows([bases])[0]
    known = (window == 1).any(axis=1)
    flat = np.where(known[:, None], window, 0).astype(np.float32).ravel()
    starts = range(0, len(dataset.genes), _GENES_PER_BLOCK)
    alike = np.concatenate(
        [
            np.where(block == 1, np.float32(1), 0).reshape(len(block), -1) @ flat
            for block in (dataset.onehot[start : start + _GENES_PER_BLOCK] for start in starts)
        ]
    )
    order = np.argsort(-alike, kind="stable")[:count]
    ids, names = dataset.genes.gene_id, dataset.genes.gene_name
    return [
        Neighbour(str(names[row]), predictor.part(str(ids[row])), float(alike[row] / max(known.sum(), 1)))
        for row in order
        if alike[row]
    ]


def open_judges(
    predictor: "Predictor", runs: Sequence[Path], judges: Sequence[Path], split: Path | None
) -> list["SequenceModel"]:
    """Open the runs that judge designs.

    Raises
    ------
    TR300MError
        If a judge is one of the runs of the search, cannot be opened, or reads other data.
    """
    used = {run.resolve() for run in runs}
    for judge in judges:
        if judge.resolve() in used:
            raise TR300MError(f"{judge} guides the search and cannot judge it", "name another seed or architecture")
    return [model for judge in judges for model in _opened(predictor, judge, split).models]


def _opened(predictor: "Predictor", judge: Path, split: Path | None) -> "Predictor":
    """Open a judge by itself: it may have been trained on another split."""
    if judge.suffix != SUFFIX:
        return type(predictor).open(judge, predictor.dataset, split)
    found = type(predictor).open_pack(judge)
    ours, theirs = predictor.dataset, found.dataset
    pairs = {
        "motifs": (ours.motifs.matrix_id, theirs.motifs.matrix_id),
        "regulators": (ours.regulators.gene_id, theirs.regulators.gene_id),
        "tissues": (np.array(ours.tissues), np.array(theirs.tissues)),
        "window": (np.array(ours.onehot.shape[1:]), np.array(theirs.onehot.shape[1:])),
    }
    if other := [name for name, (one, two) in pairs.items() if not np.array_equal(one, two)]:
        raise TR300MError(
            f"{judge} has other {', '.join(other)} than the runs of the search", "name a judge of the same kind of data"
        )
    return found
