"""What a design improves: the target's log(1 + mean TPM), alone or against the nearest of other contexts."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..base.errors import TR300MError
from ..base.types import Floats
from .contexts import Contexts, in_contexts
from .design_template import Template
from .promoters import edited_wide_bases

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset
    from .model import PromoterScorer, SequenceModel

WINDOWS_PER_CALL = 512


@dataclass(frozen=True)
class Objective:
    """The objective, averaged over runs.

    Upwards it is the target's log(1 + mean TPM) minus the largest of the other contexts; downwards the smallest of the
    other contexts minus the target's. Without other contexts it is the target's alone, or minus it.

    Attributes
    ----------
    models
        The runs.
    template
        The sequence that is edited.
    contexts
        The target first, then those that it is set against.
    down
        Whether the target is to be low.
    """

    models: tuple["SequenceModel", ...]
    template: Template
    contexts: Contexts = field(repr=False)
    down: bool = False

    def check(self) -> None:
        """Refuse a contrast between contexts that a run cannot tell apart.

        Raises
        ------
        TR300MError
            If there are other contexts, and a run reads neither levels nor the tissue.
        """
        blind = [model.name for model in self.models if not (model.reads_levels or model.reads_tissue)]
        if blind and len(self.contexts) > 1:
            raise TR300MError(
                f"{', '.join(blind)} reads neither levels of regulators nor the tissue: every contrast between tissues "
                "is zero",
                "leave out --off, or name a run that reads them",
            )

    def of_means(self, means: NDArray[Any]) -> Floats:
        """Return the objective [...] of predicted means [..., context] (TPM)."""
        logs = np.log1p(np.asarray(means, np.float64))
        target, others = logs[..., 0], logs[..., 1:]
        if not others.shape[-1]:
            return -target if self.down else target
        return others.min(axis=-1) - target if self.down else target - others.max(axis=-1)

    def at(self, sequence: str) -> "ObjectiveAt":
        """Return the objective around one sequence, from which others differ in few bases."""
        return ObjectiveAt(self, sequence)


class ObjectiveAt:
    """The objective around one sequence: each model knows what does not change with further edits."""

    def __init__(self, objective: Objective, sequence: str) -> None:
        self.objective, template = objective, objective.template
        self.promoter = with_window(template.promoter, template.windows([sequence])[0])

    @cached_property
    def _panel(self) -> list["PromoterScorer"]:
        return self._scorers(self.objective.contexts)

    @cached_property
    def _target(self) -> list["PromoterScorer"]:
        contexts = self.objective.contexts
        if len(contexts) == 1:
            return self._panel
        return self._scorers(Contexts(contexts.names[:1], contexts.tissues[:1], contexts.levels[:1]))

    def _scorers(self, contexts: Contexts) -> list["PromoterScorer"]:
        query = in_contexts(self.promoter, contexts)
        return [model.at(query, 0) for model in self.objective.models]

    def screen(self, sequences: Sequence[str]) -> Floats:
        """Return the objective of edited sequences [sequence] with the target alone."""
        return self.objective.of_means(self._means(self._target, sequences)).mean(axis=0)

    def scores(self, sequences: Sequence[str]) -> Floats:
        """Return the objective of edited sequences [sequence]."""
        return self.objective.of_means(self.means(sequences)).mean(axis=0)

    def means(self, sequences: Sequence[str]) -> Floats:
        """Return predicted means [run, sequence, context] of edited sequences (TPM)."""
        return self._means(self._panel, sequences)

    def _means(self, scorers: Sequence["PromoterScorer"], sequences: Sequence[str]) -> Floats:
        found = []
        for start in range(0, len(sequences), WINDOWS_PER_CALL):
            windows = self.objective.template.windows(sequences[start : start + WINDOWS_PER_CALL])
            pairs = zip(self.objective.models, scorers, strict=True)
            found.append(np.stack([model.mean(scorer(windows)) for model, scorer in pairs]))
        return np.concatenate(found, axis=1)


def with_window(promoter: "Dataset", window: NDArray[Any]) -> "Dataset":
    """Return a dataset of one gene with another window [position, base], its wide bases edited likewise."""
    wide = None if promoter.wide_bases is None else edited_wide_bases(promoter, 0, window[None])
    return replace(promoter, onehot=window[None], wide_bases=wide)
