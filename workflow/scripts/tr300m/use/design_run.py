"""A design from its settings to its review, for the command and for notebooks."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .design import Rules, design, repaired
from .design_constraints import Constraints
from .design_moves import motif_consensus
from .design_objective import Objective
from .design_review import Review, review
from .design_template import Template, design_contexts

if TYPE_CHECKING:
    from .model import SequenceModel
    from .predictor import Predictor


def design_promoter(
    predictor: "Predictor",
    start: Template,
    target: str,
    off: Sequence[str] = (),
    *,
    down: bool = False,
    edits: int = 30,
    beam: int = 1,
    motifs: Sequence[str] = (),
    region: tuple[int, int] | None = None,
    protected: Sequence[tuple[int, int]] = (),
    constraints: Constraints | None = None,
    judges: Sequence["SequenceModel"] = (),
    levels: Path | str | None = None,
    levels_tissue: str = "",
    seed: int = 3,
) -> Review:
    """Edit a promoter towards an expression.

    Parameters
    ----------
    predictor
        The runs that guide the search.
    start
        What to start from (`Template.of_gene`, `Template.of_fasta`).
    target, off, levels, levels_tissue
        Contexts; see `design_contexts`.
    down
        Whether the target is to be low.
    edits, constraints, motifs
        See `Rules`; motifs are named.
    beam
        Drafts that are kept for each number of edited bases.
    region, protected
        See `Template.editable`.
    judges
        Runs that the search does not use (`open_judges`).
    seed
        Seed of the random designs.

    Raises
    ------
    TR300MError
        If a name is unknown, or the constraints cannot hold. Nothing is predicted before.
    """
    dataset = predictor.dataset
    consensus = motif_consensus(dataset.motifs, dataset.pssm, motifs)
    rules = Rules(start.editable(region, protected), edits, constraints or Constraints(), consensus)
    contexts = design_contexts(predictor, target, off, levels, levels_tissue)
    objective = Objective(predictor.models, start, contexts, down)
    draft = design(objective, rules, beam)
    return review(predictor, objective, rules, repaired(start, rules), draft, judges, seed)
