"""Design of promoters: edits, found by a beam search, that raise or lower a predicted expression.

All edits that hold the constraints are predicted in the target context, the best of them in all contexts. The search
ends when no edit improves the objective; then edits that do not help are taken back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from ..base.errors import TR300MError
from ..base.progress import bar
from .design_constraints import Breach, Checker, Constraints, shown
from .design_moves import Move, motif_moves, single_moves
from .design_objective import Objective
from .design_template import Template, changed_places

LEAST_GAIN = 1e-3
"""Least gain of the objective, a difference of log(1 + TPM), for which an edit is made or kept."""
SCREENED = 200
"""Edits that are predicted in all contexts: the best ones in the target."""
_ROUNDS = 3
REPAIR = "constraint"
"""Name of the move that makes a start hold the constraints."""


@dataclass(frozen=True)
class Rules:
    """What a design may change.

    Attributes
    ----------
    editable
        Indices of the bases that may be edited (`Template.editable`).
    edits
        Largest number of bases that may differ from the start. A motif counts as many as it changes.
    constraints
        What the designed sequence must hold.
    motifs
        Consensus of the motifs that may be written, by name (`motif_consensus`).
    """

    editable: frozenset[int] = field(repr=False)
    edits: int = 30
    constraints: Constraints = field(default_factory=Constraints)
    motifs: Mapping[str, str] = field(default_factory=dict)

    def check(self) -> None:
        """Refuse rules that leave nothing to search.

        Raises
        ------
        TR300MError
            If no edit is allowed, or the consensus of a motif breaks a constraint wherever it is written.
        """
        if self.edits < 1:
            raise TR300MError(f"{self.edits} edits leave nothing to search", "allow at least 1")
        for name, consensus in self.motifs.items():
            found = self.constraints.matches(consensus, 0, len(consensus))
            found += self.constraints.repeats(consensus, 0, len(consensus))
            if found:
                raise TR300MError(
                    f"the motif {name} ({consensus}) holds {found[0].what}, which is forbidden",
                    "leave out the motif or the constraint",
                )


class Draft(NamedTuple):
    """An edited sequence, its objective, and the moves that led to it."""

    bases: str
    score: float
    moves: tuple[Move, ...]


def repaired(template: Template, rules: Rules) -> Draft:
    """Return the start with the fewest edits found that make it hold the constraints. No model is asked.

    Raises
    ------
    TR300MError
        If it cannot hold them: what breaks them lies in bases that may not be edited, or needs too many edits.
    """
    rules.constraints.check_possible(template.bases[slice(*template.insert)])
    bases, moves = template.bases, list[Move]()
    while found := rules.constraints.breaches(bases, *template.insert):
        if len(moves) >= rules.edits:
            raise _impossible(template, found, f"after {rules.edits} edits; raise --edits or allow more")
        move = _best_repair(bases, found, template, rules)
        if move is None:
            raise _impossible(template, found, "in bases that may be edited; widen --region, protect or forbid less")
        bases = move.on(bases)
        moves.append(move)
    if len(changed_places(template.bases, bases)) > rules.edits:
        raise _impossible(template, rules.constraints.breaches(template.bases, *template.insert), "within --edits")
    return Draft(bases, float("nan"), tuple(moves))


def _impossible(template: Template, found: Sequence[Breach], how: str) -> TR300MError:
    return TR300MError(f"{template.name} breaks {shown(found, template.tss)}", f"this cannot be mended {how}")


def _best_repair(bases: str, found: Sequence[Breach], template: Template, rules: Rules) -> Move | None:
    """Return the edit after which fewest constraints are broken, None if none helps."""
    constraints, insert = rules.constraints, template.insert
    local = [breach for breach in found if not breach.what.startswith("GC ")]
    missing = constraints.missing_gc(bases[slice(*insert)])
    before = len(local) + abs(missing)
    if local:
        places = {place for breach in local for place in range(breach.start, breach.end)} & rules.editable
        options = list(single_moves(bases, sorted(places)))
    else:
        if abs(missing) > rules.edits:
            raise _impossible(template, found, f"with {rules.edits} edits: it takes {abs(missing)}")
        wanted = "GC" if missing > 0 else "AT"
        options = [
            move
            for move in single_moves(bases, sorted(rules.editable))
            if move.bases in wanted and bases[move.start] not in wanted
        ]
    best: tuple[int, Move] | None = None
    for move in options:
        after = move.on(bases)
        left = abs(constraints.missing_gc(after[slice(*insert)]))
        if local:
            left += len(constraints.matches(after, *insert)) + len(constraints.repeats(after, *insert))
        elif constraints.matches(after, move.start, move.start + 1) or constraints.repeats(
            after, move.start, move.start + 1
        ):
            continue
        if left < (before if best is None else best[0]):
            best = left, move._replace(name=REPAIR)
            if not local:
                break
    return None if best is None else best[1]


def design(objective: Objective, rules: Rules, beam: int = 1) -> Draft:
    """Search edits that improve the objective.

    Parameters
    ----------
    objective
        The objective at its template.
    rules
        What may be changed.
    beam
        Drafts that are kept for each number of edited bases; 1 is a greedy search.

    Returns
    -------
    Draft
        The best draft; the start itself, mended if need be, if nothing improves it.

    Raises
    ------
    TR300MError
        If the constraints cannot hold, or a run cannot tell the contexts apart.
    """
    objective.check()
    rules.check()
    if beam < 1:
        raise TR300MError(f"a beam of {beam} drafts leaves nothing to search", "give at least 1")
    start = repaired(objective.template, rules)
    best = start._replace(score=float(objective.at(start.bases).scores([start.bases])[0]))
    for _ in range(_ROUNDS):
        found = pruned(objective, rules, _searched(objective, rules, best, beam))
        if found.score < best.score + LEAST_GAIN:
            break
        best = found
    return best


def _searched(objective: Objective, rules: Rules, start: Draft, beam: int) -> Draft:
    """Return the best draft of a beam search, in which drafts compete with those of as many edited bases."""
    origin, best = objective.template.bases, start
    first = len(changed_places(origin, start.bases))
    by_cost: dict[int, list[Draft]] = {first: [start]}
    with bar(rules.edits - first, "designing", "edits") as meter:
        for cost in range(first, rules.edits):
            for draft in by_cost.pop(cost, []):
                for child in _improved(objective, rules, draft, cost):
                    peers = by_cost.setdefault(len(changed_places(origin, child.bases)), [])
                    if child.bases not in [peer.bases for peer in peers]:
                        peers.append(child)
                        peers.sort(key=lambda peer: -peer.score)
                        del peers[beam:]
                    best = max(best, child, key=lambda peer: peer.score)
            meter.update()
    return best


def _improved(objective: Objective, rules: Rules, draft: Draft, cost: int) -> list[Draft]:
    """Return the drafts one move away that are better, and differ from the start in more bases."""
    origin = objective.template.bases
    checker = Checker(rules.constraints, draft.bases, objective.template.insert)
    unchanged = sorted(place for place in rules.editable if draft.bases[place] == origin[place])
    moves = {move.on(draft.bases): move for move in motif_moves(draft.bases, rules.editable, rules.motifs)}
    moves |= {move.on(draft.bases): move for move in single_moves(draft.bases, unchanged)}
    costs = {bases: len(changed_places(origin, bases)) for bases in moves}
    options = [
        bases
        for bases, move in moves.items()
        if cost < costs[bases] <= rules.edits and checker.allows(move.start, move.bases)
    ]
    if not options:
        return []
    around = objective.at(draft.bases)
    if len(objective.contexts) > 1:
        reference = around.screen([draft.bases])[0]
        gain = (around.screen(options) - reference) / [costs[bases] - cost for bases in options]
        options = [options[number] for number in np.argsort(-gain, kind="stable")[:SCREENED]]
    scores = around.scores(options)
    return [
        Draft(bases, float(score), (*draft.moves, moves[bases]))
        for bases, score in zip(options, scores, strict=True)
        if score >= draft.score + LEAST_GAIN
    ]


def pruned(objective: Objective, rules: Rules, draft: Draft) -> Draft:
    """Take back, one by one, the edited bases without which the objective falls by less than `LEAST_GAIN`."""
    while True:
        without = _taken_back(objective, rules, draft)
        if not without:
            return draft
        best = max(without, key=lambda peer: peer.score)
        if best.score <= draft.score - LEAST_GAIN:
            return draft
        draft = best


def _taken_back(objective: Objective, rules: Rules, draft: Draft) -> list[Draft]:
    """Return the drafts with one edited base less that hold the constraints."""
    origin = objective.template.bases
    checker = Checker(rules.constraints, draft.bases, objective.template.insert)
    places = [place for place in changed_places(origin, draft.bases) if checker.allows(place, origin[place])]
    options = [Move(place, origin[place]).on(draft.bases) for place in places]
    if not options:
        return []
    scores = objective.at(draft.bases).scores(options)
    return [draft._replace(bases=bases, score=float(score)) for bases, score in zip(options, scores, strict=True)]


def made_by(draft: Draft, place: int) -> str:
    """Return the name of the last move that wrote a base: a motif with its strand, `REPAIR`, or empty."""
    for move in reversed(draft.moves):
        if move.start <= place < move.start + len(move.bases) and move.bases[place - move.start] == draft.bases[place]:
            return move.name
    return ""
