"""The attribution of a prediction as a table: a row for each regulator and place."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.types import Floats, Ints
from ..dataset.tss_index import tss_index
from .motif_families import motif_families

if TYPE_CHECKING:
    from ..dataset.dataset import Dataset
    from .attribution import Explained

LEAST = 0.002
"""Share of the sum of all sizes below which sites go to the row `REST`."""
_MOST_ROWS = 400
_ROUNDING = 1e-9
REST, RESIDUAL, UNMAPPED = "(smaller sites)", "(residual)", "(no regulator)"
ATTRIBUTION_COLUMNS = (
    "gene", "run", "context", "regulator", "family", "motif", "level", "from", "to", "attribution", "regulator_total",
    "family_total",
)  # fmt: skip


def regulator_rows(found: "Explained", query: "Dataset", row: int, context: int, run: str) -> dict[str, list[Any]]:
    """Return the table of one explanation, regulators with the largest total first.

    Parameters
    ----------
    found
        The explanation.
    query, row, context
        Promoter and context.
    run
        Name of the run.

    Returns
    -------
    dict
        Columns `ATTRIBUTION_COLUMNS`. `level` is in TPM. `from` and `to` are the first position and the one after the
        last, as distances from the TSS. `attribution` is in log(1 + TPM), and all of a context add up to the difference
        between the promoter and its baseline. `regulator_total` is the sum over all places, `family_total` that of the
        regulators of the family. `motif` is the one that adds most there.
    """
    places, by_motif = _by_place(found)
    none = np.maximum(1 - found.shares.sum(axis=1, keepdims=True), 0.0)
    shares = np.hstack([found.shares, np.where(none > _ROUNDING, none, 0.0)])
    table = by_motif @ shares
    totals, size = table.sum(axis=0), np.abs(table)
    least = LEAST * (size.sum() + sum(map(abs, found.others.values())))
    order = np.argsort(-size, axis=None, kind="stable")[: min(_MOST_ROWS, int((size > least).sum()))]
    place, regulator = np.unravel_index(order, table.shape)
    lead = np.abs(by_motif[place] * shares[:, regulator].T).argmax(axis=1)
    names = _families(found, lead)
    family: dict[int, str] = {}
    for number, motif in zip(regulator.tolist(), lead.tolist(), strict=True):
        # Sites are in descending order of their size: the largest one says which family a regulator is of.
        family.setdefault(number, names[motif])
    family_totals = {name: sum(totals[one] for one, of in family.items() if of == name) for name in family.values()}
    labels, levels = (
        [*query.regulators.gene_name.tolist(), UNMAPPED],
        np.append(query.regulator_levels[context], np.nan),
    )
    distances = places - tss_index(query.genes)[row]
    common = (str(query.genes.gene_name[row]), run, str(query.samples.sample_id[context]))
    rows: list[tuple[Any, ...]] = []
    # Regulators by their totals, and the sites of each by their sizes.
    for site in np.lexsort((np.arange(len(order)), regulator, -np.abs(totals[regulator]))).tolist():
        number, of = int(regulator[site]), family[int(regulator[site])]
        values = (float(table[place[site], number]), float(totals[number]), float(family_totals[of]))
        where = distances[place[site]].tolist()
        rows.append((*common, labels[number], of, found.names[lead[site]], float(levels[number]), *where, *values))
    rest = {REST: float(table.sum() - table[place, regulator].sum())} | found.others | {RESIDUAL: found.residual}
    rows += [(*common, label, "", "", "", "", "", amount, "", "") for label, amount in rest.items()]
    return {name: [cells[number] for cells in rows] for number, name in enumerate(ATTRIBUTION_COLUMNS)}


def _by_place(found: "Explained") -> tuple[Ints, Floats]:
    """Return the places [place, 2] and the attribution of each motif at each [place, motif]."""
    places, of_site = np.unique(np.stack([found.start, found.end], axis=1), axis=0, return_inverse=True)
    by_motif = np.zeros((len(places), len(found.names)))
    np.add.at(by_motif, (np.ravel(of_site), found.motif), found.value)
    return places, by_motif


def _families(found: "Explained", motifs: Ints) -> dict[int, str]:
    """Return the name of the family of each motif: that of its first motif here, and how many others there are."""
    distinct = list(dict.fromkeys(motifs.tolist()))
    if not distinct:
        return {}
    numbers = motif_families(found.kernels[:, :, distinct]).tolist()
    names = {}
    for family in set(numbers):
        members = list(dict.fromkeys(found.names[m] for m, n in zip(distinct, numbers, strict=True) if n == family))
        names[family] = members[0] + (f"+{len(members) - 1}" if len(members) > 1 else "")
    return {motif: names[number] for motif, number in zip(distinct, numbers, strict=True)}
