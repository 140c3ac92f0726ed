"""Motif detection (the thesis's Appendix B): a small network learns one planted motif in random promoters."""

import dataclasses
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import nbinom

from ..arrays.sequence import BASES
from ..base.errors import TR300MError
from ..base.from_dict import from_dict
from ..base.types import Floats
from ..metrics.point import log_pearson, pearson
from ..model.devices import BACKEND, keras, ops
from ..model.likelihood.nb_exponential import LOG_COUNT_RANGE, NB_LOGIT_LIMIT
from ..model.likelihood.negative_binomial import log_nb
from .kernel import best_match, consensus, information, most_informative_kernel, probabilities
from .promoters import MOTIF, Promoters, draw_promoters

DETECTION_COLUMNS = ("epoch", "loss", "val_loss", "pearson", "val_pearson", "log_pearson", "val_log_pearson")


@dataclass(frozen=True)
class MotifConfig:
    """Sizes of the experiment. The numbers of promoters and epochs are the thesis's, which does not state the others.

    Parameters
    ----------
    training, validation
        Number of promoters of each part.
    length
        Length of a promoter in bases.
    epochs
        Number of epochs.
    kernels, kernel_width
        Number and width of the convolution kernels. They are much wider than the motif, because its position in a
        kernel is arbitrary and a narrow kernel could cut it off.
    hidden
        Units of the hidden dense layer.
    batch_size, learning_rate
        Batch size and initial learning rate of Adam; the rate decays to 0 as a cosine.
    seed
        Seed of the promoters, the initial weights and the order.
    """

    training: int = 100_000
    validation: int = 1_000
    length: int = 200
    epochs: int = 15
    kernels: int = 16
    kernel_width: int = 31
    hidden: int = 32
    batch_size: int = 128
    learning_rate: float = 0.003
    seed: int = 3

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "MotifConfig":
        """Make the settings from a section of the configuration.

        Raises
        ------
        TR300MError
            If a key is unknown.
        """
        return from_dict(cls, "motif_detection", values)


class Detection(NamedTuple):
    """Result of a training.

    Attributes
    ----------
    history
        Columns `DETECTION_COLUMNS`, each [epoch].
    target
        Target counts of the validation promoters [promoter].
    raw
        Raw outputs for the validation promoters [promoter, 2].
    activations
        Pooled activations of the validation promoters [promoter, kernel].
    kernels
        Trained weights [kernel, position, base].
    """

    history: dict[str, Floats]
    target: NDArray[np.float32]
    raw: NDArray[np.float32]
    activations: NDArray[np.float32]
    kernels: NDArray[np.float32]


def build_detector(config: MotifConfig) -> keras.Model:
    """Build the network: convolution with exponential activation, max pooling over the promoter, two dense layers.

    Returns
    -------
    keras.Model
        From base codes [promoter, position] to raw outputs [promoter, 2]: log of the total count and logit of a
        negative binomial distribution. Layers ``motifs`` and ``pooled`` are the convolution and its maximum.
    """
    codes = keras.Input((config.length,), dtype="uint8", name="codes")
    onehot = ops.one_hot(codes, len(BASES), dtype="float32")
    # The sequence is padded, so that a wide kernel can also match a motif at the ends of the promoter.
    motifs = keras.layers.Conv1D(
        config.kernels,
        config.kernel_width,
        padding="same",
        activation="exponential",
        kernel_initializer=tapered_glorot,
        name="motifs",
    )(onehot)
    pooled = keras.layers.GlobalMaxPooling1D(name="pooled")(motifs)
    hidden = keras.layers.Dense(config.hidden, activation="relu", name="hidden")(pooled)
    return keras.Model(codes, keras.layers.Dense(2, name="raw")(hidden))


def tapered_glorot(shape: tuple[int, ...], dtype: str) -> Any:
    """Return initial weights [position, base, kernel], Glorot-uniform, that decrease towards the ends of a kernel.

    A kernel learns the motif at the position where its initial weights resemble it. At an end the motif would be cut
    off.
    """
    taper = np.hanning(shape[0] + 2)[1:-1, None, None]
    return keras.initializers.GlorotUniform()(shape, dtype) * ops.convert_to_tensor(taper, dtype)


def nb_loss(target: Any, raw: Any) -> Any:
    """Return the negative log likelihood [promoter], in nat, of targets [promoter] under raw outputs [promoter, 2]."""
    count = ops.exp(ops.clip(raw[:, 0], *LOG_COUNT_RANGE))
    return -log_nb(ops.reshape(target, (-1,)), count, ops.clip(raw[:, 1], -NB_LOGIT_LIMIT, NB_LOGIT_LIMIT))


def parameters(raw: NDArray[Any]) -> tuple[Floats, Floats]:
    """Return SciPy's parameters n and p [promoter] of the negative binomial of raw outputs [promoter, 2].

    The targets are counts, so this distribution over integers is exact, unlike the one over real TPM.
    """
    a, b = np.asarray(raw, dtype=np.float64).T
    return np.exp(np.clip(a, *LOG_COUNT_RANGE)), expit(-np.clip(b, -NB_LOGIT_LIMIT, NB_LOGIT_LIMIT))


def medians(raw: NDArray[Any]) -> Floats:
    """Return predicted medians [promoter] of raw outputs [promoter, 2]."""
    return np.asarray(nbinom.median(*parameters(raw)), dtype=np.float64)


def detect(config: MotifConfig) -> Detection:
    """Draw promoters, train the network on them, and return the result.

    Keras is seeded, so the same seed, backend and number of threads give the same result on a CPU.

    Raises
    ------
    TR300MError
        See `draw_promoters`; also if the loss is not finite.
    """
    rng = np.random.default_rng(config.seed)
    training = draw_promoters(config.training, config.length, rng)
    validation = draw_promoters(config.validation, config.length, rng)
    keras.utils.set_random_seed(config.seed)
    model = build_detector(config)
    steps = config.epochs * math.ceil(config.training / config.batch_size)
    schedule = keras.optimizers.schedules.CosineDecay(config.learning_rate, steps)
    model.compile(keras.optimizers.Adam(schedule), loss=nb_loss)
    curves = _Curves(training, validation, config.epochs)
    model.fit(
        training.codes,
        training.target,
        batch_size=config.batch_size,
        epochs=config.epochs,
        validation_data=(validation.codes, validation.target),
        validation_batch_size=config.batch_size,
        callbacks=[curves],
        verbose=0,
    )
    pooled = keras.Model(model.input, model.get_layer("pooled").output)
    history = {name: np.array([row[name] for row in curves.rows]) for name in DETECTION_COLUMNS}
    weights = ops.convert_to_numpy(model.get_layer("motifs").kernel)
    return Detection(
        history=history,
        target=validation.target,
        raw=_outputs(model, validation),
        activations=_outputs(pooled, validation),
        kernels=np.moveaxis(weights, -1, 0),
    )


def summary(config: MotifConfig, detection: Detection) -> dict[str, Any]:
    """Return the settings, the metrics of the predicted medians, and what the most informative kernel has learnt.

    Only ``offset`` and ``matching_letters`` use the planted motif.
    """
    target, median = detection.target, medians(detection.raw)
    index = most_informative_kernel(detection.activations, target)
    probability = probabilities(detection.kernels[index])
    text = consensus(probability)
    match = best_match(text, MOTIF)
    return {
        "settings": dataclasses.asdict(config),
        "backend": BACKEND,
        "promoters": len(target),
        "with_motif": int(np.count_nonzero(target)),
        "pearson": pearson(target, median),
        "log_pearson": log_pearson(target, median),
        "within_1_of_target": float(np.mean(np.abs(median - target) <= 1)),
        "kernel": {
            "index": index,
            "consensus": text,
            "planted": MOTIF,
            "offset": match.offset,
            "matching_letters": match.letters,
            "information_bits": [round(bits, 4) for bits in information(probability).tolist()],
        },
    }


def _outputs(model: keras.Model, promoters: Promoters) -> NDArray[np.float32]:
    return np.asarray(model.predict(promoters.codes, batch_size=1_000, verbose=0))


class _Curves(keras.callbacks.Callback):  # type: ignore[misc, unused-ignore]
    """Record losses and correlations; training correlations use as many promoters as validation has."""

    def __init__(self, training: Promoters, validation: Promoters, epochs: int) -> None:
        super().__init__()
        few = len(validation.target)
        self.parts = {"": Promoters(training.codes[:few], training.target[:few]), "val_": validation}
        self.epochs = epochs
        self.rows: list[dict[str, float]] = []

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float] | None = None) -> None:
        losses = dict(logs or {})
        if not np.isfinite(list(losses.values())).all():
            raise TR300MError(f"the loss is not finite in epoch {epoch + 1}", "lower the learning rate")
        row = {"epoch": epoch + 1, "loss": losses["loss"], "val_loss": losses["val_loss"]}
        for prefix, part in self.parts.items():
            median = medians(_outputs(self.model, part))
            row |= {f"{prefix}pearson": pearson(part.target, median)}
            row |= {f"{prefix}log_pearson": log_pearson(part.target, median)}
        self.rows.append(row)
        print(
            f"motif detection: epoch {epoch + 1} of {self.epochs}, validation loss {row['val_loss']:.4f}, "
            f"Pearson {row['val_pearson']:.3f}",
            file=sys.stderr,
        )
