"""Figures of a gene for notebooks: expression by tissue, and mutagenesis with what was planted."""

import numpy as np
import pytest
from helpers.planted_dataset import CONFIG, planted_dataset
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from tr300m.results.figures.canvas import png_of
from tr300m.results.figures.mutagenesis import LINE_BP, mutagenesis_figure
from tr300m.results.figures.tissue_expression import tissue_figure
from tr300m.use.gene_view import GeneView, gene_view, planted_places
from tr300m.use.motif_sites import NamedSite
from tr300m.use.planted_model import planted_predictor
from tr300m.use.planted_sites import planted_sites

REGION = (-150, 40)


@pytest.fixture(scope="module")
def view() -> GeneView:
    dataset, truth = planted_dataset()
    predictor = planted_predictor(truth, dataset, CONFIG, sequence_opens=False)
    return gene_view(predictor, str(dataset.genes.gene_id[3]), dataset.tissues[0], REGION)


def shades(axis: Axes) -> list[tuple[float, float]]:
    found = [patch for patch in axis.patches if isinstance(patch, Rectangle)]
    return [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in found]


def test_tissues_from_top_to_bottom(view: GeneView) -> None:
    figure = tissue_figure(view.tissues, view.name, "planted")
    (axis,) = figure.axes
    assert [tick.get_text() for tick in axis.get_yticklabels()] == list(view.tissues.tissue)
    assert axis.yaxis_inverted()
    lines = {str(line.get_label()): np.asarray(line.get_xdata()) for line in axis.lines}
    np.testing.assert_allclose(lines["predicted"], np.log1p(view.tissues.median))
    np.testing.assert_allclose(lines["observed"], np.log1p(view.tissues.observed))
    assert png_of(figure)[:4] == b"\x89PNG"


def test_planted_places_are_those_of_the_truth_in_the_region() -> None:
    dataset, truth = planted_dataset()
    predictor = planted_predictor(truth, dataset, CONFIG, sequence_opens=False)
    seen = 0
    for row in range(20):
        gene = str(dataset.genes.gene_id[row])
        found = gene_view(predictor, gene, dataset.tissues[0], (-30, 30))
        first = found.mutagenesis.first
        sites = planted_sites(truth, gene, found.mutagenesis.window)
        overlap = [site for site in sites if set(range(site.start, site.end)) & set(range(first, first + 60))]
        places = planted_places(truth, found)
        assert [(place.start + first, place.end + first) for place in places] == [
            (site.start, site.end) for site in overlap
        ]
        assert all(site.driver in place.name for site, place in zip(overlap, places, strict=True))
        seen += len(overlap)
        if seen > 1:
            return
    assert seen


def test_shades_stand_at_their_bases(view: GeneView) -> None:
    """Those across the end of a line of the figure are in both lines."""
    sites = [NamedSite("one", 5, 9), NamedSite("two", LINE_BP - 2, LINE_BP + 3)]
    figure = mutagenesis_figure(view.mutagenesis, [], "planted", sites)
    logos = [axis for axis in figure.axes if axis.get_ylabel() == "importance"]
    first = REGION[0] - 0.5
    assert shades(logos[0]) == [(first + 5, first + 9), (first + LINE_BP - 2, first + LINE_BP)]
    assert shades(logos[1]) == [(first + LINE_BP, first + LINE_BP + 3)]
    assert not [axis for axis in mutagenesis_figure(view.mutagenesis, [], "planted").axes if shades(axis)]
