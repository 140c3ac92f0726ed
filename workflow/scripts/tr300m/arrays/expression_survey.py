"""A first reading of an expression file: which genes its rows are, and whether its values can be TPM."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..base.errors import TR300MError
from ..base.types import Floats
from .expression_matrix import LOG_VALUES, ExpressionMatrix, refuse_second_row
from .gene_lookup import FOUND, GeneLookup, GeneMatch
from .genes import named

COLUMNS_SURVEYED = 8
TPM_SUM = 1_000_000
LARGEST_SUM = 1.2 * TPM_SUM
"""Means and medians of TPM, rounded values and subsets of genes stay below; counts of a sample are millions."""
SMALLEST_SUM = 0.1 * TPM_SUM
"""With most protein-coding genes; logarithms sum to less. Without genes on chrM, hearts keep more than twice this."""
COMPLETE_SHARE, COMPLETE_GENES = 0.8, 5_000
"""The sum is expected to be that of TPM if so many of the annotation's protein-coding genes are there, in share and in
number."""
HOW_TO_CONVERT = (
    "TPM are needed: divide each count by the gene's length in kb, then scale each sample to a sum of 1,000,000; the "
    "program that counted may write TPM too"
)


@dataclass(frozen=True)
class ExpressionSurvey:
    """What a first reading of an expression file found.

    Attributes
    ----------
    path, form
        The file, and its format.
    matches
        What each row stands for, by its identifier.
    sample_ids
        The first samples, whose values were read.
    sums
        Sum of all rows in each of these samples.
    whole
        Whether all values of these samples are whole numbers.
    """

    path: str
    form: str
    matches: dict[str, GeneMatch]
    sample_ids: list[str]
    sums: Floats
    whole: bool

    @property
    def gene_ids(self) -> frozenset[str]:
        """IDs of the annotation's genes that have a row."""
        return frozenset(match.gene_id for match in self.matches.values() if match.gene_id)

    @property
    def ambiguous(self) -> dict[str, tuple[str, ...]]:
        """Identifiers that may stand for several genes, and these genes."""
        return {name: match.candidates for name, match in self.matches.items() if match.kind == "ambiguous"}

    def lines(self) -> list[str]:
        """Return lines for the log: the format, the kinds of identifiers, what is left out."""
        kinds = Counter(match.kind for match in self.matches.values())
        found = ", ".join(f"{kinds[kind]:,} by {kind}" for kind in FOUND if kinds[kind])
        lines = [f"{self.path}: {self.form}, {len(self.matches):,} rows; found in the annotation: {found or 'none'}"]
        if kinds["unknown"]:
            lines.append(f"{kinds['unknown']:,} rows are no genes of the annotation, and left out")
        if kinds["another version"]:
            lines.append(
                f"{kinds['another version']:,} rows have the ID of a gene in another version than the annotation, and "
                "are left out; without versions in the expression file, they would be matched"
            )
        if self.ambiguous:
            lines.append(
                f"{len(self.ambiguous):,} rows may be several genes, and are left out: {named([*self.ambiguous])}"
            )
        return lines


def survey_expression(matrix: ExpressionMatrix, genes: GeneLookup) -> ExpressionSurvey:
    """Read an expression file to its end: all identifiers, and the values of the first samples.

    Raises
    ------
    TR300MError
        If two rows stand for one gene, or the file cannot be read to its end.
    """
    matches: dict[str, GeneMatch] = {}
    taken: dict[str, str] = {}

    def note(identifier: str) -> bool:
        matches[identifier] = genes.find(identifier)
        refuse_second_row(matrix.path, taken, identifier, matches[identifier].gene_id)
        return True

    samples = matrix.sample_ids[:COLUMNS_SURVEYED]
    sums, whole = np.zeros(len(samples)), True
    for _, values in matrix.rows(note, COLUMNS_SURVEYED):
        sums += values
        whole = whole and bool(np.all(values == np.rint(values)))
    return ExpressionSurvey(matrix.path, matrix.form, matches, samples, sums, whole)


def check_survey(survey: ExpressionSurvey, genes: GeneLookup, sample_ids: Sequence[str]) -> None:
    """Check that expression file and annotation are of one species, and that genes are rows.

    Parameters
    ----------
    survey
        What the file holds.
    genes
        Genes of the annotation.
    sample_ids
        Names of all columns of the file.

    Raises
    ------
    TR300MError
        If no row is a gene of the annotation, or more rows would be one with capital letters written otherwise.
    """
    identifiers, found = list(survey.matches), survey.gene_ids
    folded = {symbol.casefold() for symbol in genes.by_symbol}
    unknown = [name for name, match in survey.matches.items() if match.kind == "unknown"]
    if found and len(found) >= sum(name.casefold() in folded for name in unknown):
        return
    message = (
        f"{survey.path}: {len(found):,} of its {len(identifiers):,} rows, such as {named(identifiers, most=3)}, are "
        f"genes of the annotation, such as {named([*genes.by_id][:3])}"
    )
    if any(genes.find(name).gene_id for name in sample_ids):
        raise TR300MError(message, f"its columns are genes, such as {sample_ids[0]}: write genes as rows")
    if any(match.kind == "another version" for match in survey.matches.values()):
        raise TR300MError(
            message,
            "expression and annotation must be of the same release (GTEx v8: GENCODE v26), or the IDs in the "
            "expression file without versions",
        )
    raise TR300MError(
        message,
        "expression and annotation must be of one species; genes are named by Ensembl ID, with the annotation's "
        "version or without, or by symbol",
    )


def check_unit(survey: ExpressionSurvey, genes: GeneLookup) -> None:
    """Check that the values can be TPM, by their sums over the genes.

    Raises
    ------
    TR300MError
        If a sample sums to more than TPM can, or to much less although most protein-coding genes are there.
    """
    present = len(survey.gene_ids & genes.coding)
    complete = present >= max(COMPLETE_SHARE * len(genes.coding), COMPLETE_GENES)
    wrong = survey.sums > LARGEST_SUM
    if complete:
        wrong |= survey.sums < SMALLEST_SUM
    if not wrong.any():
        return
    column = int(np.argmax(wrong))
    message = (
        f"{survey.path}: the values of {survey.sample_ids[column]} sum to {survey.sums[column]:,.0f} over "
        f"{len(survey.matches):,} rows, TPM of all genes to {TPM_SUM:,}"
    )
    if survey.whole:
        raise TR300MError(f"{message}, and all values are whole numbers: they look like counts", HOW_TO_CONVERT)
    if survey.sums[column] < SMALLEST_SUM:
        raise TR300MError(f"{message}: they look like logarithms", LOG_VALUES)
    raise TR300MError(f"{message}: they look like normalised counts", HOW_TO_CONVERT)
