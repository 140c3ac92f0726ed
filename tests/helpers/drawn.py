"""What the tests of figures share: inputs of a run, and what a figure shows."""

import matplotlib
import numpy as np
from matplotlib.figure import Figure


def pairs(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    observed = np.where(rng.random(n) < 0.2, 0, np.exp(rng.normal(1, 2, n)))
    return observed.astype(np.float32), np.sqrt(observed) * np.exp(rng.normal(0, 1, n))


def history(epochs: int, steps: int = 10_000) -> dict[str, np.ndarray]:
    n = np.arange(1, epochs + 1)
    columns = {"epoch": n, "step": n * steps, "seconds": 60.0 * n, "pairs_per_second": np.full(epochs, 400.0)}
    for prefix, gain in (("", 1.0), ("val_", 0.5)):
        rise = gain * (1 - np.exp(-n / 4))
        columns |= {f"{prefix}loss": 4 - rise, f"{prefix}pearson": 0.3 * rise, f"{prefix}log_pearson": 0.9 * rise}
        columns[f"{prefix}accuracy"] = 0.5 + 0.4 * rise
    return columns


def texts(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(matplotlib.text.Text))


def titles(figure: Figure) -> list[str]:
    return [axes.get_title(loc="left") for axes in figure.axes]


def nothing_is_cut_off(figure: Figure) -> bool:
    """Return whether all that is drawn lies on the page."""
    figure.draw_without_rendering()
    box, page = figure.get_tightbbox(), figure.bbox_inches
    return bool(box.x0 >= 0 and box.y0 >= 0 and box.x1 <= page.x1 and box.y1 <= page.y1)
