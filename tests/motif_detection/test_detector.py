"""Motif detection: promoters counted by hand, kernels read, the experiment at small size, its figure."""

from pathlib import Path

import numpy as np
import pytest
import scipy.stats
from helpers.fixtures import Refuses, says
from hypothesis import given
from hypothesis import strategies as st
from tr300m.arrays.sequence import BASES
from tr300m.config.schema import fill_defaults, read_schema
from tr300m.motif_detection import detector, promoters
from tr300m.motif_detection import kernel as reading
from tr300m.motif_detection.figures import detection_panels, most_typical
from tr300m.results.figures import canvas as figures

SCHEMA = Path(__file__).parents[2] / "workflow/schemas/config.schema.yaml"
SMALL = detector.MotifConfig(training=20_000, validation=400, length=100, epochs=6)


def letters(codes: np.ndarray) -> list[str]:
    return ["".join(BASES[code] for code in row) for row in codes]


def kernel_of(text: str, weight: float = 2.0) -> np.ndarray:
    """Return a kernel [position, base] that likes the bases of `text`; other letters are no preference."""
    return np.array([[weight * (letter == base) for base in BASES] for letter in text])


@pytest.mark.parametrize(("count", "carrying"), [(20, 1), (1_000, 50), (2_030, 102)])
def test_one_promoter_in_twenty_carries_the_motif(count: int, carrying: int) -> None:
    codes, target = promoters.draw_promoters(count, 40, np.random.default_rng(1))
    assert codes.shape == (count, 40) and codes.dtype == np.uint8 and codes.max() == 3
    planted = np.array([promoters.MOTIF in text for text in letters(codes)])
    assert planted.sum() == carrying
    np.testing.assert_array_equal(target, np.where(planted, 100, 0))


def test_the_motif_lies_anywhere_and_the_rest_is_uniform() -> None:
    codes, target = promoters.draw_promoters(20_000, 15, np.random.default_rng(1))
    places = [text.index(promoters.MOTIF) for text in letters(codes[target > 0])]
    # 1,000 motifs of 13 bases in promoters of 15 begin at 0, 1 or 2.
    assert scipy.stats.chisquare(np.bincount(places)).pvalue > 0.001
    assert scipy.stats.chisquare(np.bincount(codes[target == 0].ravel())).pvalue > 0.001


def test_a_motif_as_long_as_the_promoter_fills_it() -> None:
    codes, target = promoters.draw_promoters(40, 4, np.random.default_rng(0), motif="GATC")
    assert letters(codes[target > 0]) == ["GATC", "GATC"]


def test_draws_follow_the_seed() -> None:
    one, same, other = (promoters.draw_promoters(100, 30, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.codes, same.codes)
    assert (one.codes != other.codes).any()


def test_promoters_that_cannot_be_drawn(refuses: Refuses) -> None:
    rng = np.random.default_rng(0)
    with refuses("13", "12", "length"):
        promoters.draw_promoters(100, 12, rng)
    with refuses("9", "20"):
        promoters.draw_promoters(9, 50, rng)
    with refuses("motif_detection", "lenght", "length"):
        detector.MotifConfig.from_dict({"lenght": 3})


def test_schema_defaults_are_the_codes_defaults() -> None:
    section = fill_defaults({}, read_schema(SCHEMA))["motif_detection"]
    assert detector.MotifConfig.from_dict(section) == detector.MotifConfig()


def test_probabilities_counted_by_hand() -> None:
    # Weights log 1, log 2, log 4, log 1 stand for shares of 1/8, 2/8, 4/8, 1/8, whatever is added to all.
    kernel = np.log([[1, 2, 4, 1], [1, 1, 1, 1]]) + np.array([[5.0], [-3.0]])
    p = reading.probabilities(kernel)
    np.testing.assert_allclose(p, [[1 / 8, 1 / 4, 1 / 2, 1 / 8], [1 / 4] * 4])
    # 2 bits less an entropy of 1/8 * 3 * 2 + 1/4 * 2 + 1/2.
    np.testing.assert_allclose(reading.information(p), [0.25, 0.0], atol=1e-12)
    assert reading.consensus(p) == "GA"
    assert reading.information([[0.0, 1.0, 0.0, 0.0]]) == pytest.approx([2.0])


def test_matches_counted_by_hand() -> None:
    assert reading.best_match("TTACGTT", "ACG") == (2, 3)
    assert reading.best_match("CGTTTT", "ACG") == (-1, 2)
    assert reading.best_match("TTTAC", "ACG") == (3, 2)
    assert reading.best_match("AAA", "C") == (0, 0)
    # The other strand does not count: CGT is the reverse complement of ACG.
    assert reading.best_match("TTCGTTT", "ACG") == (1, 2)


@given(st.text(BASES, min_size=1, max_size=8), st.text(BASES, max_size=6), st.text(BASES, max_size=6))
def test_a_motif_in_the_consensus_is_found_whole(motif: str, before: str, after: str) -> None:
    text = before + motif + after
    match = reading.best_match(text, motif)
    assert match.letters == len(motif) and text[match.offset :].startswith(motif)
    assert reading.consensus(reading.probabilities(kernel_of(text))) == text


def test_the_most_informative_kernel_is_the_one_that_goes_with_the_target() -> None:
    target = np.array([0.0, 0.0, 100.0, 100.0])
    activations = np.array([[1.0, 3.0, 5.0], [2.0, 1.0, 5.0], [1.0, 8.0, 5.0], [2.0, 9.0, 5.0]])
    assert reading.most_informative_kernel(activations, target) == 1
    assert reading.most_informative_kernel(1 / activations, target) == 1


def test_kernels_that_cannot_be_read(refuses: Refuses) -> None:
    with refuses("(3, 5)"):
        reading.probabilities(np.zeros((3, 5)))
    with refuses("learning_rate"):
        reading.probabilities(np.full((3, 4), np.nan))
    with refuses():
        reading.best_match("", "A")
    with refuses():
        reading.most_informative_kernel(np.ones((4, 2)), np.array([0.0, 0, 1, 1]))


def test_loss_is_the_distributions() -> None:
    target = np.array([0.0, 0.0, 3.0, 100.0], np.float32)
    raw = np.array([[0.0, 0.0], [1.0, -2.0], [0.5, 1.0], [4.0, 0.6]], np.float32)
    loss = np.asarray(detector.ops.convert_to_numpy(detector.nb_loss(target[:, None], raw)))
    exact = scipy.stats.nbinom(*detector.parameters(raw))
    np.testing.assert_allclose(loss, -exact.logpmf(target), rtol=1e-5)
    np.testing.assert_allclose(exact.mean(), np.exp(raw.astype(float).sum(axis=1)))
    # Of r = 1, p = 1/2 the median is 0: half of the mass lies there.
    assert detector.medians(raw[:1]) == [0.0]


def test_network_sees_one_convolution_and_two_dense_layers() -> None:
    model = detector.build_detector(detector.MotifConfig(length=50, kernels=3, kernel_width=5, hidden=7))
    # Kernel and bias of: 5 x 4 to 3, 3 to 7, 7 to 2.
    assert model.count_params() == (5 * 4 * 3 + 3) + (3 * 7 + 7) + (7 * 2 + 2)
    motifs = detector.keras.Model(model.input, model.get_layer("motifs").output)
    kernel, bias = (np.asarray(array) for array in model.get_layer("motifs").get_weights())
    codes = np.zeros((1, 50), np.uint8)
    # In the middle of a promoter of A alone: exp of the sum of A's weights.
    found = np.asarray(motifs.predict(codes, verbose=0))[0, 25]
    np.testing.assert_allclose(found, np.exp(kernel[:, 0].sum(axis=0) + bias), rtol=1e-5)


def test_starting_weights_fade_towards_the_ends() -> None:
    detector.keras.utils.set_random_seed(0)
    weights = detector.ops.convert_to_numpy(detector.tapered_glorot((31, 4, 500), "float32"))
    size = np.abs(weights).max(axis=(1, 2))
    assert weights.shape == (31, 4, 500) and (np.diff(size[:16]) > 0).all() and (np.diff(size[15:]) < 0).all()
    # Glorot's limit, with 31 x 4 inputs and 31 x 500 outputs, holds in the middle; half of it a quarter inwards.
    assert size[15] == pytest.approx((6 / (31 * 504)) ** 0.5, rel=0.01)
    assert size[7] == pytest.approx(size[15] / 2, rel=0.01)


def test_typical_promoter_is_a_member() -> None:
    mean = np.array([0.1, 100.0, 0.3, 0.2, 90.0])
    assert most_typical(mean, mean < 1) == 3
    assert most_typical(mean, mean > 1) in (1, 4)


def test_figure(tmp_path: Path) -> None:
    target = np.repeat([0.0, 100.0], [38, 2])
    success = np.where(target > 0, 0.9, 1 - 1e-4)
    count = np.where(target > 0, 900.0, 1.0)
    history = {name: np.linspace(0.5, 0.9, 3) for name in detector.DETECTION_COLUMNS} | {"epoch": np.array([1.0, 2, 3])}
    p = reading.probabilities(kernel_of(f"AA{promoters.MOTIF}TT"))
    figure = detection_panels(history, target, count, success, p, promoters.MOTIF, reading.Match(2, 13))
    stated = (["0.900"], ["0.900"], ["0.0001"], ["100"], ["100.0 %", "40", "1"], ["13", "ACGGCATAGAATA"])
    titles = [panel.get_title("left") for panel in figure.axes]
    assert all(says(title, *parts) for title, parts in zip(titles, stated, strict=True))
    logo = figure.axes[-1]
    assert len(logo.patches) == 4 * 17
    # A position's letters together are as high as its information.
    heights = np.array([patch.get_path().get_extents().height for patch in logo.patches]).reshape(-1, 4)
    np.testing.assert_allclose(heights.sum(axis=1), reading.information(p), rtol=1e-6)
    figure.draw_without_rendering()
    box, page = figure.get_tightbbox(), figure.bbox_inches
    assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= page.x1 and box.y1 <= page.y1
    figures.save(figure, tmp_path / "a.svg", tmp_path / "a.png")


@pytest.mark.slow
def test_the_planted_motif_is_learnt() -> None:
    found = detector.detect(SMALL)
    summary = detector.summary(SMALL, found)
    assert summary["kernel"]["matching_letters"] == len(promoters.MOTIF)
    assert promoters.MOTIF in summary["kernel"]["consensus"]
    assert summary["pearson"] > 0.9 and summary["log_pearson"] > 0.9
    assert summary["promoters"] == 400 and summary["with_motif"] == 20
    assert list(found.history["epoch"]) == [1, 2, 3, 4, 5, 6]
    # Where the motif lies in the kernel, information stands out from the rest.
    bits = np.array(summary["kernel"]["information_bits"])
    inside = np.zeros(bits.size, bool)
    inside[summary["kernel"]["offset"] :][: len(promoters.MOTIF)] = True
    assert bits[inside].min() > bits[~inside].max()


@pytest.mark.slow
def test_a_loss_that_is_not_finite_stops(refuses: Refuses) -> None:
    wild = detector.MotifConfig(training=200, validation=40, length=40, epochs=3, learning_rate=1e30)
    with refuses("the loss is not finite"):
        detector.detect(wild)
