"""A row of the table of variants, and what of it goes into a VCF."""

from typing import NamedTuple
from urllib.parse import quote

from ..base.text_cells import text_cell

INFO_KEY = "TR300M"
INFO_FIELDS = ("allele", "gene", "tss_dist", "context", "log2fc", "sd", "percentile", "status")
_SAFE = "()+:'*@<>[]"
NAN = float("nan")


class VariantRow(NamedTuple):
    """An ALT in a window and a context; the columns of the table, in order.

    Attributes
    ----------
    chrom, pos, id, ref, alt
        As in the VCF.
    gene, strand
        The gene whose window it is; empty outside of all windows.
    tss_dist
        Distance from the TSS (bp), negative upstream.
    context
        Name of the context.
    ref_mean, alt_mean, ref_median, alt_median, log2fc, log2fc_sd, agree
        As in `variant_effects.Effects`; NaN where there is none.
    percentile
        Share of the promoter's single-base changes with a smaller absolute `log2fc`, in percent.
    status
        One of `variant_places.STATUSES`.
    """

    chrom: str
    pos: int
    id: str
    ref: str
    alt: str
    gene: str = ""
    strand: str = ""
    tss_dist: int | None = None
    context: str = ""
    ref_mean: float = NAN
    alt_mean: float = NAN
    ref_median: float = NAN
    alt_median: float = NAN
    log2fc: float = NAN
    log2fc_sd: float = NAN
    agree: float = NAN
    percentile: float = NAN
    status: str = ""

    def cells(self) -> list[str]:
        """Return the values as text; what is not known is empty."""
        return [text_cell(value) for value in self]

    def info(self) -> str:
        """Return the value of the INFO field `INFO_KEY`: `INFO_FIELDS`, joined by ``|``.

        What has a meaning in VCF, and blanks, are percent-encoded in names (``Brain%20-%20Cortex``).
        """
        values = (self.tss_dist, self.context, self.log2fc, self.log2fc_sd, self.percentile, self.status)
        return "|".join([self.alt, *(quote(text_cell(value), safe=_SAFE) for value in (self.gene, *values))])


def info_header(notes: list[str]) -> list[str]:
    """Return the lines of a VCF header that describe the field, and notes."""
    described = (
        "Predicted effect on expression, for each ALT, promoter window and context: "
        f"{'|'.join(INFO_FIELDS)}; log2fc is log2((TPM of ALT + 1) / (TPM of REF + 1)); names are percent-encoded"
    )
    return [
        *(f"##tr300m={note.removeprefix('# ')}" for note in notes),
        f'##INFO=<ID={INFO_KEY},Number=.,Type=String,Description="{described}">',
    ]
