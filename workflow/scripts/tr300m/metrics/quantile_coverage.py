"""How often observed TPM is inside predicted quantiles."""

import numpy as np
from numpy.typing import ArrayLike

from ..base.types import Floats

_SAME = 1e-9


def quantile_coverage(observed: ArrayLike, quantiles: Floats, probabilities: Floats) -> dict[str, list[str]]:
    """Return one row per quantity, in the form of `calibration.calibration_table`.

    For each two quantiles at equal distances from the median there are ``coverage_P``, the share of observed values in
    the closed interval between them, whose probability is P in percent, and ``width_P``, its mean width in TPM. For
    each quantile there is ``below_P``, the share of observed values at or below it. If the predicted distribution has
    an atom, such as one at 0 TPM, the shares of a calibrated model are larger.

    Parameters
    ----------
    observed
        Observed TPM [pair].
    quantiles
        Predicted TPM [pair, quantile].
    probabilities
        Probability of each quantile [quantile], increasing.

    Returns
    -------
    dict
        The columns quantity, value and if_calibrated.
    """
    y = np.asarray(observed, dtype=np.float64)
    rows: list[tuple[str, float, str]] = []
    for low, probability in enumerate(probabilities):
        for high in np.flatnonzero(np.abs(probabilities + probability - 1) < _SAME):
            if high > low:
                share = 1 - 2 * probability
                inside = (quantiles[:, low] <= y) & (y <= quantiles[:, high])
                width = float(np.mean(quantiles[:, high] - quantiles[:, low]))
                rows.append((f"coverage_{100 * share:.6g}", float(inside.mean()), f">= {share:.6g}"))
                rows.append((f"width_{100 * share:.6g}", width, "-"))
    for column, probability in enumerate(probabilities):
        below = float(np.mean(y <= quantiles[:, column]))
        rows.append((f"below_{100 * probability:.6g}", below, f">= {probability:.6g}"))
    return {
        "quantity": [name for name, _, _ in rows],
        "value": [f"{value:.6g}" for _, value, _ in rows],
        "if_calibrated": [expected for _, _, expected in rows],
    }
