"""A page about one gene: one HTML file that refers to no other file and needs no network."""

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from ...base.types import Floats
from ...use.gene_view import GeneView, TissueExpression

_HERE = Path(__file__).parent
_TICKS = (0, 1, 3, 10, 30, 100, 300, 1000, 3000, 10_000, 30_000, 100_000)


def gene_page(found: GeneView, header: Sequence[str], planted: str = "") -> str:
    """Return the page.

    Parameters
    ----------
    found
        What the models say about the gene.
    header
        How it was made (`commands.common.header`).
    planted
        What was planted in simulated data, as a sentence; empty for real data.
    """
    title = f"{found.name}: what {' and '.join(found.runs)} {'say' if len(found.runs) > 1 else 'says'}"
    parts = [
        f"<h1>{escape(found.name)}</h1>",
        f'<p class="note">{escape(found.gene)}, {escape(found.place)}. Runs: {escape(", ".join(found.runs))}.</p>',
        f'<p class="planted">Simulated. {escape(planted)}</p>' if planted else "",
        "<h2>Expression by tissue</h2>",
        _expression(found.tissues),
        f"<h2>What each base is worth, in {escape(found.focus)}</h2>",
        _MAP,
        "<h2>Regulators</h2>",
        _regulators(found),
        *(["<h2>Histone marks along the window</h2>", _marks(found)] if found.marks else []),
        "<h2>What this does not show</h2>",
        "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in found.caveats) + "</ul>",
        "<h2>How it was made</h2>",
        "<ul>" + "".join(f"<li>{escape(line.removeprefix('# '))}</li>" for line in header) + "</ul>",
    ]
    style, script = ((_HERE / f"gene_page.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    # In a script element `<` might end it.
    data = json.dumps(_map_data(found), separators=(",", ":")).replace("<", "\\u003c")
    head = (
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style>"
    )
    body = "\n".join(part for part in parts if part)
    tail = f'<div id="tip"></div><script type="application/json" id="data">{data}</script><script>{script}</script>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{body}\n{tail}</body></html>\n'


_MAP = """<p class="note">Letters and bars: what the base that is there adds to expression, minus the mean of what the
three others would change (log2). Map below: the change when a base becomes A, C, G or T, from blue (lower) to red
(higher); grey is the base that is there. Zoom with the wheel or the buttons, drag to move, hover for values. Below the
map are motifs that fit the important bases.</p>
<p><button id="in">Zoom in</button><button id="out">Zoom out</button><button id="all">Whole region</button></p>
<canvas id="map" role="img" aria-label="Effect of every single base"></canvas>"""


def _map_data(found: GeneView) -> dict[str, Any]:
    """Return what the script draws."""
    changes = found.mutagenesis
    single = np.round(changes.single.mean[0], 5)
    return {
        "bases": "".join(changes.bases),
        "distance": changes.distance.tolist(),
        "places": [f"{changes.chromosome}:{place:,}" for place in changes.genome_position.tolist()],
        "changes": [[None if np.isnan(value) else float(value) for value in row] for row in single],
        "importance": np.round(np.nan_to_num(changes.importance[0]), 5).tolist(),
        "sites": [[site.name, site.start, site.end] for site in found.sites],
    }


def _expression(rows: TissueExpression) -> str:
    """Return a chart with a line for each tissue, on the scale of log(1 + TPM)."""
    top = float(np.log1p(max(rows.q95.max(), rows.high.max(), 1.0)))

    def at(tpm: float) -> float:
        return round(100 * float(np.log1p(tpm)) / top, 2)

    lines = []
    for place, tissue in enumerate(rows.tissue):
        values = [float(column[place]) for column in rows[1:7]]
        median, low, high, observed, seen_low, seen_high = values
        tip = (
            f"{tissue}\npredicted {_tpm(median)} TPM, 90 % of samples between {_tpm(low)} and {_tpm(high)}\n"
            f"observed {_tpm(observed)}, 90 % between {_tpm(seen_low)} and {_tpm(seen_high)} "
            f"({rows.samples[place]:,} samples)"
        )
        marks = (
            _span("interval", at(low), at(high))
            + _span("seen", at(seen_low), at(seen_high))
            + f'<span class="dot" style="left:{at(median)}%"></span>'
            + f'<span class="dot observed" style="left:{at(observed)}%"></span>'
        )
        lines.append(_row(tissue, marks, tip))
    ticks = "".join(f'<span style="left:{at(tick)}%">{tick:,}</span>' for tick in _TICKS if np.log1p(tick) <= top)
    key = (
        '<p class="note"><span class="key" style="background:#1f5f99;border-radius:50%;margin-left:0"></span>predicted'
        '<span class="key" style="background:#9ec5e8"></span>its 5 to 95 % interval of samples'
        '<span class="key" style="border:2px solid #b45309;border-radius:50%;box-sizing:border-box"></span>observed '
        "median, with 5 to 95 % of the samples as a line. TPM.</p>"
    )
    return f'{key}{"".join(lines)}<div class="row"><span></span><div class="ticks">{ticks}</div></div>'


def _regulators(found: GeneView) -> str:
    """Return a chart of the regulators whose knock-out changes expression most."""
    table = found.knock_outs
    if table is None:
        return "<p>At least one of these runs reads no levels of regulators.</p>"
    changes = np.array(table["log2fc"], np.float64)
    if not changes.any():
        return "<p>No knock-out of a regulator changes the prediction.</p>"
    largest = float(np.abs(changes).max())
    lines = []
    for place, change in enumerate(changes.tolist()):
        size = round(50 * abs(change) / largest, 2)
        bar = (
            f'<span class="bar {"up" if change > 0 else "down"}" '
            f'style="left:{50 if change > 0 else 50 - size}%;width:{size}%"></span>'
        )
        name = table["regulator"][place]
        tip = (
            f"{name} knocked out: {change:+.3f} log2\n"
            f"level {table['level_before'][place]} TPM, in samples of this tissue {table['range_low'][place]} to "
            f"{table['range_high'][place]}"
            + ("\n0 is outside of this range" if table["outside"][place] else "")
            + ("\nthis is the gene itself" if table["own"][place] else "")
        )
        lines.append(_row(f"{name} {change:+.2g}", bar, tip))
    note = (
        f'<p class="note">The {len(changes)} regulators whose knock-out (level 0) changes the predicted mean in '
        f"{escape(found.focus)} most, as log2 fold change: red raises expression, blue lowers it, so blue ones are "
        "activators.</p>"
    )
    return note + "".join(lines)


def _marks(found: GeneView) -> str:
    """Return a small chart of each mark, on one scale."""
    top = max(max(float(profile.max()) for profile in found.marks.values()), 1e-9)
    note = (
        f'<p class="note">Mean over cells, from {found.bounds[0]:,} bp to {found.bounds[1] - 1:,} bp from the TSS; all '
        f"marks on one scale, 0 to {top:.3g}.</p>"
    )
    return note + "".join(_profile(mark, profile, top) for mark, profile in found.marks.items())


def _profile(mark: str, profile: Floats, top: float) -> str:
    points = " ".join(f"{place},{60 - 58 * value / top:.1f}" for place, value in enumerate(profile.tolist()))
    last = len(profile) - 1
    area = f'<polygon points="0,60 {points} {last},60" fill="#7c9a6d"/>'
    return (
        f'<p class="note" style="margin-bottom:0">{escape(mark)}, highest {profile.max():.3g}</p>'
        f'<svg viewBox="0 0 {last} 60" preserveAspectRatio="none" role="img" aria-label="{escape(mark)}">{area}</svg>'
    )


def _row(name: str, content: str, tip: str) -> str:
    return (
        f'<div class="row" data-tip="{escape(tip)}"><span>{escape(name)}</span><div class="scale">{content}</div></div>'
    )


def _span(kind: str, start: float, end: float) -> str:
    return f'<span class="{kind}" style="left:{start}%;width:{round(end - start, 2)}%"></span>'


def _tpm(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
