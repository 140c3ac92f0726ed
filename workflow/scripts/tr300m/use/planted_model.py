"""The simulator's planted truth as a model, also of edited promoters, so that it is known what a verb should find.

log(1 + TPM) of a promoter in a context is base + open_weight * openness + sum over drivers of effect * hit * level
(`simulate.truth`). Hits follow from the best scores of the drivers' motifs in the edited sequence, openness from its GC
content and from what is the gene's own, levels from the TPM of the drivers in the context.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ..base.axes import CELLS
from ..base.base_codes import base_codes
from ..base.errors import TR300MError
from ..base.files import read_json, read_tsv
from ..base.types import Floats, Ints
from ..config.simulation import SimulationConfig
from ..dataset.splits import Split
from ..simulate.driver_motifs import ProbabilityMatrix, best_scores, driver_matrix, site_scores
from ..simulate.formats import PROMOTER_BP
from ..simulate.truth import hit_of_score, proximal_gc
from .attribution import Explained
from .predictor import Predictor

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset


@dataclass(frozen=True)
class PlantedModel:
    """The planted truth as a model.

    Attributes
    ----------
    drivers
        Names of the regulators with an effect [driver].
    gene_ids
        Their IDs [driver].
    profiles
        Their motifs [driver].
    effect, half_hit, score_spread
        Change of log1p TPM per standard deviation of the level at a full hit, score at which a hit is one half, and
        standard deviation of best scores over genes [driver].
    level_mean, level_spread
        Mean and standard deviation over samples of the log level [driver].
    columns
        Columns of the drivers among the regulators of the dataset [driver].
    residual
        Logit of openness without the gene's GC term, by gene ID [cell].
    mix
        Share of each cell in a tissue, by tissue [cell].
    gc_mean, gc_spread, gc_weight
        Mean and standard deviation of GC content over genes, and its weight in the logit of openness.
    base, open_weight
        log1p TPM of a closed gene, and the change at full openness.
    sequence_opens
        Whether edits change openness through GC content. Without it they act through regulation only.
    """

    drivers: tuple[str, ...]
    gene_ids: tuple[str, ...]
    profiles: tuple[ProbabilityMatrix, ...] = field(repr=False)
    effect: Floats
    half_hit: Floats
    score_spread: Floats
    level_mean: Floats
    level_spread: Floats
    columns: Ints
    residual: dict[str, Floats] = field(repr=False)
    mix: dict[str, Floats] = field(repr=False)
    gc_mean: float
    gc_spread: float
    gc_weight: float
    base: float
    open_weight: float
    sequence_opens: bool = True

    name = "planted"
    reads_tissue = True
    reads_levels = True
    reads_histones = False

    @classmethod
    def read(
        cls, folder: Path | str, dataset: "Dataset", simulation: SimulationConfig, *, sequence_opens: bool = True
    ) -> Self:
        """Read the files of `simulate.truth_files.write_truth`.

        Parameters
        ----------
        folder
            Folder of the planted truth, such as ``results/demo/sources/truth``.
        dataset
            The dataset of the same simulation.
        simulation
            Its settings.
        sequence_opens
            Whether edits change openness.

        Raises
        ------
        TR300MError
            If a file is missing or of an older version, a driver is no regulator of the dataset, or the dataset's
            windows are not as long as the simulator's.
        """
        root = Path(folder)
        if not (root / "openness_residual.tsv").is_file():
            raise TR300MError(f"{root}/openness_residual.tsv is missing", "run the workflow again, which simulates it")
        if dataset.onehot.shape[1] != PROMOTER_BP:
            raise TR300MError(
                f"windows of the dataset have {dataset.onehot.shape[1]:,} bp, those of the simulator {PROMOTER_BP:,}",
                "use a dataset with the default window",
            )
        effects, mix = read_tsv(root / "regulator_effects.tsv"), read_tsv(root / "tissue_cells.tsv")
        content = read_json(root / "summary.json")["gc_content"]
        known = {name: number for number, name in enumerate(dataset.regulators.gene_id.tolist())}
        ids = effects["gene_id"].tolist()
        if lacking := [name for name in ids if name not in known]:
            raise TR300MError(f"the dataset has no regulator {lacking[0]}", "give the dataset of the same simulation")
        opened, shares = read_tsv(root / "openness_residual.tsv"), [mix[cell].astype(np.float64) for cell in CELLS]
        rows = np.stack([opened[cell].astype(np.float64) for cell in CELLS], axis=1)
        return cls(
            drivers=tuple(effects["regulator"].tolist()),
            gene_ids=tuple(ids),
            profiles=tuple(driver_matrix(name) for name in effects["regulator"].tolist()),
            effect=effects["effect"].astype(np.float64),
            half_hit=effects["half_hit_score"].astype(np.float64),
            score_spread=effects["score_spread"].astype(np.float64),
            level_mean=effects["level_mean"].astype(np.float64),
            level_spread=effects["level_spread"].astype(np.float64),
            columns=np.array([known[name] for name in ids], np.int64),
            residual=dict(zip(opened["gene_id"].tolist(), rows, strict=True)),
            mix=dict(zip(mix["tissue"].tolist(), np.stack(shares, axis=1), strict=True)),
            gc_mean=float(content["mean"]),
            gc_spread=float(content["sd"]),
            gc_weight=float(content["weight"]),
            base=simulation.base,
            open_weight=simulation.open_weight,
            sequence_opens=sequence_opens,
        )

    def at(self, query: "Dataset", row: int) -> "PlantedAtPromoter":
        """Return the planted truth at a promoter of a query, in its contexts."""
        return PlantedAtPromoter(self, query, row)

    def explained(self, query: "Dataset", row: int, shuffled: NDArray[Any]) -> Iterator[Explained]:
        """Yield what drivers and openness add in each context, exactly (`attribution.Explainable`)."""
        at = self.at(query, row)
        codes = base_codes(shuffled)
        baseline, native = at.hits(codes).mean(axis=0), at.hits(at.codes[None])[0]
        opened = self.open_weight * (at.openness(at.codes[None])[0] - at.openness(codes).mean(axis=0))
        value = (native - baseline) * self.effect * at.levels
        width = np.array([len(profile.scores) for profile in self.profiles])
        start = np.array([int(scores.argmax()) for scores in at.scores])
        kernels = np.zeros((int(width.max()), 4, len(width)))
        shares = np.zeros((len(width), len(query.regulators)))
        shares[np.arange(len(width)), self.columns] = 1
        for driver, profile in enumerate(self.profiles):
            kernels[: width[driver], :, driver] = profile.scores
        for context, after in enumerate(at.reference):
            yield Explained(
                scalar="planted log(1 + TPM), before it is cut at 0",
                before=float(after - value[context].sum() - opened[context]),
                after=float(after),
                motif=np.arange(len(width)),
                start=start,
                end=start + width,
                value=value[context],
                names=self.drivers,
                kernels=kernels,
                shares=shares,
                others={"openness (GC content)": float(opened[context])},
            )

    def mean(self, raw: NDArray[Any]) -> Floats:
        """Return the planted TPM [...], without noise; 0 where log(1 + TPM) is negative."""
        return np.asarray(np.expm1(np.maximum(raw[..., 0], 0.0)), np.float64)

    def distribution_mean(self, raw: NDArray[Any]) -> Floats:
        """Return the planted TPM [...]; see `mean`."""
        return self.mean(raw)

    def median(self, raw: NDArray[Any]) -> Floats:
        """Return the planted TPM [...]; see `mean`."""
        return self.mean(raw)

    def quantile(self, probability: float, raw: NDArray[Any]) -> Floats:
        """Return the planted TPM [...], because nothing is random in it; see `mean`."""
        return self.mean(raw)

    def levels(self, query: "Dataset") -> Floats:
        """Return the standardised log levels of the drivers in the contexts of a query [context, driver]."""
        log_level = np.log1p(np.asarray(query.regulator_levels[:, self.columns], np.float64))
        return np.asarray((log_level - self.level_mean) / self.level_spread)


class PlantedAtPromoter:
    """The planted truth at one promoter of a query. Its raw number is log(1 + TPM), before it is cut at 0.

    A sequence of one's own has the openness of an average gene with its GC content, and a context without a known
    tissue the average cell mixture.
    """

    def __init__(self, model: PlantedModel, query: "Dataset", row: int) -> None:
        self.model = model
        self.native = np.asarray(query.onehot[row])
        self.codes = base_codes(self.native)
        gene = str(query.genes.gene_id[row])
        # Drivers do not affect drivers.
        self.acts = 0.0 if gene in model.gene_ids else 1.0
        self.residual = model.residual.get(gene, np.zeros(len(CELLS)))
        average: Floats = np.mean(list(model.mix.values()), axis=0)
        tissues = [str(name) for name in query.samples.tissue]
        self.mix = np.stack([model.mix.get(name, average) for name in tissues])
        self.levels = model.levels(query)
        self.scores = [site_scores(self.codes[None], profile)[0] for profile in model.profiles]
        # The best score of all places before each one, and of all from it on.
        lowest = np.array([-np.inf])
        self.before = [np.concatenate([lowest, np.maximum.accumulate(scores)]) for scores in self.scores]
        self.after = [np.concatenate([np.maximum.accumulate(scores[::-1])[::-1], lowest]) for scores in self.scores]
        self.reference = self._log_expression(self.codes[None])[0]

    def __call__(self, windows: NDArray[Any]) -> Floats:
        """Return log(1 + TPM) [window, context, 1] of edited promoters [window, position, base]."""
        found = np.repeat(self.reference[None], len(windows), axis=0)
        edited = np.flatnonzero((windows != self.native).any(axis=(1, 2)))
        if len(edited):
            found[edited] = self._log_expression(base_codes(windows[edited]))
        return found[:, :, None]

    def hits(self, codes: NDArray[np.uint8]) -> Floats:
        """Return the hits [window, driver] of windows of base codes [window, position]."""
        model = self.model
        best = np.array([[self._best(window, number) for number in range(len(self.scores))] for window in codes])
        return self.acts * hit_of_score(best, model.half_hit, model.score_spread)

    def openness(self, codes: NDArray[np.uint8]) -> Floats:
        """Return the openness [window, context] of windows of base codes [window, position]."""
        model = self.model
        content = proximal_gc(codes if model.sequence_opens else self.codes[None].repeat(len(codes), axis=0))
        term = model.gc_weight * (content - model.gc_mean) / model.gc_spread
        return _products(expit(term[:, None] + self.residual), self.mix)

    def _log_expression(self, codes: NDArray[np.uint8]) -> Floats:
        model = self.model
        regulation = _products(self.hits(codes) * model.effect, self.levels)
        return np.asarray(model.base + model.open_weight * self.openness(codes) + regulation)

    def _best(self, window: NDArray[np.uint8], driver: int) -> float:
        """Return the best score of a driver's motif; only places that cover an edit are scored again."""
        changed = np.flatnonzero(window != self.codes)
        if not len(changed):
            return float(self.before[driver][-1])
        profile, places = self.model.profiles[driver], len(self.scores[driver])
        width = len(window) - places + 1
        first, last = max(int(changed[0]) - width + 1, 0), min(int(changed[-1]) + 1, places)
        touched = best_scores(window[None, first : last + width - 1], profile)[0]
        return float(max(touched, self.before[driver][first], self.after[driver][last]))


def _products(rows: Floats, others: Floats) -> Floats:
    """Return rows @ others.T [row, other], whose last bits do not depend on the number of rows, unlike with BLAS."""
    return np.asarray((rows[:, None] * others).sum(axis=2))


def planted_predictor(
    truth: Path | str,
    dataset: "Dataset",
    simulation: SimulationConfig,
    *,
    split: Split | None = None,
    sequence_opens: bool = True,
) -> Predictor:
    """Return a predictor whose only model is the planted truth.

    Parameters
    ----------
    truth, dataset, simulation, sequence_opens
        See `PlantedModel.read`.
    split
        Split whose training samples give the levels of a tissue; None takes all samples.
    """
    model = PlantedModel.read(truth, dataset, simulation, sequence_opens=sequence_opens)
    none = np.empty(0, np.int64)
    return Predictor((model,), dataset, Split("none", none, none, none, none) if split is None else split)
