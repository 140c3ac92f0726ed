"""Values as cells of text tables."""

import numpy as np


def text_cell(value: object) -> str:
    """Return a value as text: numbers with four significant digits, and an empty text for None and NaN."""
    if value is None:
        return ""
    if isinstance(value, float | np.floating):
        return "" if np.isnan(value) else f"{value:.4g}"
    return str(value)
