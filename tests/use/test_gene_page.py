"""The page about a gene: what it shows, in a real browser; and that it shows what was planted."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from helpers.chromium import browse, find_chromium
from helpers.planted_dataset import CONFIG, planted_dataset
from tr300m.results.report.gene_page import gene_page
from tr300m.use.gene_view import GeneView, gene_view, planted_text
from tr300m.use.planted_model import planted_predictor
from tr300m.use.planted_sites import planted_sites

WINDOW, REGION = (-2700, 40), (-150, 40)


def view(gene: str, tissue: str | None = None, region: tuple[int, int] = REGION) -> GeneView:
    dataset, truth = planted_dataset()
    return gene_view(planted_predictor(truth, dataset, CONFIG, sequence_opens=False), gene, tissue, region)


def strongest() -> tuple[str, str]:
    """A gene on which one driver acts alone, and the tissue with its highest level."""
    dataset, truth = planted_dataset()
    (model,) = planted_predictor(truth, dataset, CONFIG).models
    best = ("", "", 0.0)
    for row, gene in enumerate(dataset.genes.gene_id.tolist()):
        sites = planted_sites(truth, gene, np.asarray(dataset.onehot[row]))
        if len(sites) != 1 or sites[0].hit < 0.9 or sites[0].effect < 0:
            continue
        column = dataset.regulators.gene_name == sites[0].driver
        for tissue in dataset.tissues:
            level = float(np.log1p(dataset.regulator_levels[dataset.samples.tissue == tissue][:, column]).mean())
            if level > best[2]:
                best = (gene, tissue, level)
    assert best[0] and model.reads_levels
    return best[:2]


def test_the_planted_site_is_the_highest_peak() -> None:
    truth = planted_dataset().truth
    gene, tissue = strongest()
    found = view(gene, tissue, WINDOW)
    (site,) = planted_sites(truth, gene, found.mutagenesis.window)
    size = np.abs(found.mutagenesis.importance[0])
    peak = int(size.argmax()) + found.mutagenesis.first
    assert site.start <= peak < site.end
    text = planted_text(truth, found)
    assert site.driver in text and f"{site.start + found.bounds[0]} to" in text and "raises" in text
    assert any(name.start <= peak - found.mutagenesis.first < name.end for name in found.sites)
    # Its knock-out is the strongest, and lowers expression.
    assert found.knock_outs is not None
    assert found.knock_outs["regulator"][0] == site.driver
    assert found.knock_outs["log2fc"][0] < 0


def test_expression_by_tissue() -> None:
    dataset, _ = planted_dataset()
    row = 3
    found = view(str(dataset.genes.gene_id[row])).tissues
    assert sorted(found.tissue) == sorted(set(dataset.samples.tissue.tolist()))
    assert (np.diff(found.median) <= 0).all()
    for tissue, observed, count in zip(found.tissue, found.observed, found.samples, strict=True):
        values = dataset.expression[row, dataset.samples.tissue == tissue]
        assert (observed, count) == (pytest.approx(float(np.median(values))), len(values))


def test_the_page_holds_what_the_script_draws() -> None:
    dataset, truth = planted_dataset()
    found = view(str(dataset.genes.gene_id[3]))
    page = gene_page(found, ["# tr300m 0.1", "# arguments: a <b> & c"], planted_text(truth, found))
    data = json.loads(re.search(r'id="data">(.*?)</script>', page).group(1))  # type: ignore[union-attr]
    assert len(data["bases"]) == len(data["changes"]) == len(data["importance"]) == len(data["distance"])
    assert data["distance"][0] == REGION[0] and data["distance"][-1] == REGION[1] - 1
    place = next(place for place, letter in enumerate(data["bases"]) if letter in "ACGT")
    assert data["changes"][place]["ACGT".index(data["bases"][place])] == 0
    assert "a &lt;b&gt; &amp; c" in page
    assert "Simulated" in page and found.focus in page
    assert not re.search(r'(src|href)="', page)


@pytest.mark.slow
def test_the_page_in_a_browser(tmp_path: Path) -> None:
    if find_chromium() is None:
        pytest.skip("there is no Chromium")
    gene, tissue = strongest()
    path = tmp_path / "gene.html"
    path.write_text(gene_page(view(gene, tissue), ["# tr300m 0.1"]), encoding="utf-8")
    with browse(tmp_path) as tab:
        tab.open(path)
        tab.wait_for("How it was made")
        hover = (
            "(function (node, x, y) {{ const box = node.getBoundingClientRect();"
            "node.dispatchEvent(new PointerEvent('pointermove', {{clientX: box.left + x, clientY: box.top + y}}));"
            "return document.getElementById('tip').innerText }})({0}, {1}, {2})"
        )
        assert "log2" in tab.run(hover.format("document.getElementById('map')", 300, 118))
        assert "bp from the TSS" in tab.run(hover.format("document.getElementById('map')", 300, 50))
        row = "document.querySelector('.row[data-tip]')"
        assert re.search(r"predicted [\d.,]+ TPM", tab.run(hover.format(row, 20, 5)))
        before = tab.run("document.getElementById('map').toDataURL()")
        tab.click("Zoom in")
        assert tab.run("document.getElementById('map').toDataURL()") != before
        tab.click("Whole region")
        assert tab.run("document.getElementById('map').toDataURL()") == before
        tab._send("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=1, mobile=True)
        assert tab.run("document.documentElement.scrollWidth") <= 390
        assert (tab.requests, tab.errors) == ([], [])
