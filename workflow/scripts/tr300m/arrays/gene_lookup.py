"""Find the genes of the annotation that the identifiers of an expression file stand for."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Self

from ..base.axes import PAR_Y
from .genes import GeneRecords

IdentifierKind = Literal["versioned ID", "ID without version", "symbol", "another version", "ambiguous", "unknown"]
FOUND: tuple[IdentifierKind, ...] = ("versioned ID", "ID without version", "symbol")
"""Kinds of identifiers that stand for one gene."""


@dataclass(frozen=True)
class GeneMatch:
    """What an identifier stands for.

    Attributes
    ----------
    kind
        Which kind of identifier it is. ``another version``: the annotation has this ID, with another version.
    candidates
        IDs of the annotation's genes that it may stand for, in the order of the annotation.
    """

    kind: IdentifierKind
    candidates: tuple[str, ...] = ()

    @property
    def gene_id(self) -> str:
        """The gene that it stands for; empty if there is none, or more than one."""
        return self.candidates[0] if self.kind in FOUND else ""


def without_version(gene_id: str) -> str:
    """Return a gene ID without its version: ``ENSG01_PAR_Y`` for ``ENSG01.2_PAR_Y``."""
    return gene_id.partition(".")[0].removesuffix(PAR_Y) + (PAR_Y if gene_id.endswith(PAR_Y) else "")


@dataclass(frozen=True)
class GeneLookup:
    """The genes of an annotation by ID, by ID without version, and by symbol.

    Attributes
    ----------
    by_id, by_stem, by_symbol
        IDs of the annotation's genes by each kind of identifier.
    coding
        IDs of the protein-coding genes.
    """

    by_id: dict[str, tuple[str, ...]]
    by_stem: dict[str, tuple[str, ...]]
    by_symbol: dict[str, tuple[str, ...]]
    coding: frozenset[str]

    @classmethod
    def of(cls, records: GeneRecords) -> Self:
        """Return the lookup of the gene lines of an annotation."""
        ids, names = records.gene_id.tolist(), records.gene_name.tolist()
        return cls(
            {gene: (gene,) for gene in ids},
            _grouped((without_version(gene), gene) for gene in ids),
            _grouped((name, gene) for name, gene in zip(names, ids, strict=True) if name),
            frozenset(records.gene_id[records.gene_type == "protein_coding"].tolist()),
        )

    def find(self, identifier: str) -> GeneMatch:
        """Return what an identifier stands for.

        An ID is compared whole if both it and the annotation's have a version, otherwise without version. An
        identifier that is no ID of the annotation is taken as a symbol.
        """
        stem = without_version(identifier)
        kind: IdentifierKind = "versioned ID" if stem != identifier else "ID without version"
        if identifier in self.by_id:
            return GeneMatch(kind, self.by_id[identifier])
        if same := self.by_stem.get(stem):
            if stem != identifier:
                same = tuple(gene for gene in same if gene == stem)
                return GeneMatch(kind, same) if same else GeneMatch("another version")
            return GeneMatch(kind if len(same) == 1 else "ambiguous", same)
        if named := self.by_symbol.get(identifier):
            return GeneMatch("symbol" if len(named) == 1 else "ambiguous", named)
        return GeneMatch("unknown")


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Return the gene IDs of each name; of a gene on chrX and its pseudo-autosomal twin on chrY, the one on chrX."""
    groups: dict[str, list[str]] = {}
    for name, gene in pairs:
        groups.setdefault(name, []).append(gene)
    return {name: tuple(gene for gene in genes if not _twin(gene, genes)) for name, genes in groups.items()}


def _twin(gene: str, genes: list[str]) -> bool:
    return gene.endswith(PAR_Y) and gene.removesuffix(PAR_Y) in genes
