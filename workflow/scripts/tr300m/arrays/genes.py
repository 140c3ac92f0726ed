"""Read target genes from a GENCODE or Ensembl annotation: TSS, genes with a shared TSS, promoter windows."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyranges as pr

from ..base.axes import PAR_Y, Genes, Table
from ..base.errors import TR300MError
from ..base.files import BLANKS, clean, read_lines
from ..base.types import Bools, Floats, Ints, Strings
from ..config.window import Window

CHROMOSOMES = tuple(f"chr{name}" for name in (*range(1, 23), "X", "Y"))
RELEASE_WINDOW = Window()
EDITIONS = ("release", "corrected")
PROTEIN_CODING = "protein_coding"


@dataclass(frozen=True)
class GeneRecords(Table):
    """The gene lines of a GTF in file order.

    `tss` and `end`, the two ends of a gene, are 1-based: start and end on the + strand, end and start on the - strand.
    """

    gene_id: Strings
    gene_name: Strings
    gene_type: Strings
    chromosome: Strings
    strand: Strings
    tss: Ints
    end: Ints


# A key and its value, quoted (it may then contain semicolons) or not; the last semicolon is optional.
ATTRIBUTE = re.compile(r'\s*([^\s;"=]+)\s+(?:"([^"]*)"|([^\s;"]+))\s*(?:;|$)')


def parse_attributes(text: str) -> dict[str, str]:
    """Parse the attribute column of a GTF: the first value of each key, without blanks around it.

    Raises
    ------
    ValueError
        If it is not a list of keys and values, as in GFF3.
    """
    found: dict[str, str] = {}
    position, end = 0, len(text.rstrip(BLANKS + ";"))
    while position < end:
        pair = ATTRIBUTE.match(text, position)
        if pair is None:
            raise ValueError(f"no key and value at {text[position : position + 40]!r}")
        found.setdefault(pair[1], clean(pair[2] if pair[2] is not None else pair[3]))
        position = pair.end()
    return found


def read_gene_records(gtf: Path | str) -> GeneRecords:
    """Read the lines of a GTF (plain or gzip) whose feature is ``gene``.

    GENCODE's attribute ``gene_type`` is Ensembl's ``gene_biotype``. Ensembl's ``gene_version`` is joined to the ID by a
    dot, as GENCODE writes it. A gene without a name has an empty one.

    Raises
    ------
    TR300MError
        If there is no gene line, a line is malformed, or a gene ID is duplicated.
    """
    rows: list[tuple[str, str, str, str, str, int, int]] = []
    lines_of: dict[str, int] = {}
    for number, line in enumerate(read_lines(gtf), start=1):
        if line.startswith("#") or "\tgene\t" not in line:
            continue
        fields = line.split("\t")
        try:
            chromosome, _, feature, start, end, _, strand, _, text = map(clean, fields[:9])
            first, last = int(start), int(end)
            attributes = parse_attributes(text) if feature == "gene" else {}
        except ValueError:
            raise TR300MError(
                f"{gtf}, line {number}: not a GTF line of nine columns with numbers for start and end and "
                '`key "value";` attributes',
                "is it a complete GTF file, and not GFF3?",
            ) from None
        if feature != "gene":
            continue
        gene_id, gene_name = versioned_id(attributes), attributes.get("gene_name", "")
        if not gene_id or strand not in ("+", "-") or not 1 <= first <= last:
            raise TR300MError(
                f"{gtf}, line {number}: a gene line without gene_id, strand or 1 <= start <= end",
                "is it a GTF of GENCODE or Ensembl?",
            )
        if gene_id in lines_of:
            raise TR300MError(f"{gtf}, line {number}: gene {gene_id} is duplicated, see line {lines_of[gene_id]}")
        lines_of[gene_id] = number
        gene_type = attributes.get("gene_type") or attributes.get("gene_biotype")
        if not gene_type:
            raise TR300MError(
                f"{gtf}, line {number}: gene {gene_id} has neither gene_type nor gene_biotype",
                "is it a GTF of GENCODE or Ensembl?",
            )
        ends = (first, last) if strand == "+" else (last, first)
        rows.append((gene_id, gene_name, gene_type, chromosome, strand, *ends))
    if not rows:
        raise TR300MError(
            f"{gtf} has no line whose feature is 'gene'", "a comprehensive GTF of GENCODE or Ensembl is needed"
        )
    gene_ids, names, types, chromosomes, strands, tss_column, end_column = zip(*rows, strict=True)
    return GeneRecords(
        np.array(gene_ids),
        np.array(names),
        np.array(types),
        np.array(chromosomes),
        np.array(strands),
        np.array(tss_column, dtype=np.int64),
        np.array(end_column, dtype=np.int64),
    )


def versioned_id(attributes: Mapping[str, str]) -> str:
    """Return the gene ID of a gene line with its version, where the line states one; empty if there is no ID."""
    gene_id, version = attributes.get("gene_id", ""), attributes.get("gene_version", "")
    return f"{gene_id}.{version}" if gene_id and version and "." not in gene_id else gene_id


def windows(tss: Ints, strand: Strings, edition: str, window: Window = RELEASE_WINDOW) -> tuple[Ints, Ints]:
    """Return start and end [gene] of the promoter windows, 0-based half-open on the + strand.

    Edition ``release`` treats the 1-based TSS as if it were 0-based: the TSS is at index `upstream` (2772) of a +
    window and at `upstream` + 1 of a - window. Edition ``corrected`` shifts + windows by one base, so that it is at
    `upstream` + 1 in both.
    """
    check_edition(edition)
    plus = strand == "+"
    shift = 1 if edition == "corrected" else 0
    start = np.where(plus, tss - window.upstream - 1 - shift, tss - window.downstream)
    return start, start + window.width


def overlap_clusters(chromosome: Strings, start: Ints, end: Ints) -> Ints:
    """Return the number [gene] of each group of windows that overlap on either strand, directly or through others."""
    ranges = pr.PyRanges(
        pd.DataFrame({"Chromosome": chromosome, "Start": start, "End": end, "Row": np.arange(len(start))})
    )
    # With slack -1, adjacent windows do not overlap.
    clustered = ranges.cluster(slack=-1).df.sort_values("Row")
    # Numbered by first appearance, so that the numbers do not depend on the order of pyranges.
    codes, _ = pd.factorize(clustered["Cluster"])
    return codes.astype(np.int64)


def clusters_around(genes: Genes, upstream: int, downstream: int) -> Ints:
    """Return the clusters [gene] of genes whose windows of another extent overlap, as those of `axes.Genes.cluster`.

    A model that reads more than the promoter windows asks here which genes see each other's sequence; the result may
    stand for the column `cluster`, for instance in `splits.Split.shares_promoter`.

    Parameters
    ----------
    genes
        The target genes.
    upstream, downstream
        Extent of the windows before and behind the TSS, along the gene (bp).
    """
    tss, plus = genes.tss - 1, genes.strand == "+"
    start = tss - np.where(plus, upstream, downstream)
    end = tss + np.where(plus, downstream, upstream) + 1
    return join_par_twins(overlap_clusters(genes.chromosome, start, end), genes.gene_id, genes.merged)


def join_par_twins(cluster: Ints, gene_id: Strings, merged: Strings) -> Ints:
    """Join the clusters of genes on chrX and of their pseudo-autosomal twins on chrY.

    Parameters
    ----------
    cluster
        Clusters of overlapping windows [gene].
    gene_id, merged
        Columns of the gene table [gene].

    Returns
    -------
    ndarray
        Clusters [gene], numbered by first appearance.
    """
    row_of = {
        name: row
        for row, (first, others) in enumerate(zip(gene_id.tolist(), merged.tolist(), strict=True))
        for name in (first, *others.split(";"))
    }
    joined = cluster.copy()
    for name in (name for name in row_of if name.endswith(PAR_Y)):
        twin = row_of.get(name.removesuffix(PAR_Y), row_of[name])
        joined[joined == joined[row_of[name]]] = joined[twin]
    codes, _ = pd.factorize(joined)
    return codes.astype(np.int64)


def target_genes(
    records: GeneRecords, chromosomes: tuple[str, ...], edition: str, window: Window = RELEASE_WINDOW
) -> Genes:
    """Select the protein-coding genes on `chromosomes`, one row per chromosome, TSS and strand.

    Rows are in the GTF order of the first gene of each TSS; further genes with the same TSS are listed in `merged`.

    Parameters
    ----------
    records
        Gene lines of the annotation.
    chromosomes
        Names in the annotation.
    edition
        ``release`` or ``corrected``; it only affects the windows.
    window
        Extent of the windows.

    Raises
    ------
    TR300MError
        If there is no protein-coding gene on `chromosomes`.
    """
    wanted = (records.gene_type == PROTEIN_CODING) & np.isin(records.chromosome, chromosomes)
    coding = records.take(wanted)
    if not len(coding):
        found = np.unique(records.chromosome[records.gene_type == PROTEIN_CODING]).tolist()
        raise TR300MError(
            f"no protein-coding gene on {', '.join(chromosomes)}; the annotation has some on "
            f"{', '.join(found[:5]) or 'no chromosome'}{' ...' if len(found) > 5 else ''}",
            "check `chromosomes` in the config, and `sources: annotation`",
        )
    first_of: dict[tuple[str, str, int], int] = {}
    merged: dict[int, list[str]] = {}
    for row, key in enumerate(zip(coding.chromosome, coding.strand, coding.tss.tolist(), strict=True)):
        first = first_of.setdefault(key, row)
        if first != row:
            merged.setdefault(first, []).append(str(coding.gene_id[row]))
    rows = np.fromiter(first_of.values(), dtype=np.int64)
    kept = coding.take(rows)
    start, end = windows(kept.tss, kept.strand, edition, window)
    names = np.array([";".join(merged.get(row, [])) for row in rows.tolist()], dtype=np.str_)
    return Genes(
        gene_id=kept.gene_id,
        gene_name=kept.gene_name,
        chromosome=kept.chromosome,
        strand=kept.strand,
        tss=kept.tss,
        window_start=start,
        window_end=end,
        merged=names,
        cluster=join_par_twins(overlap_clusters(kept.chromosome, start, end), kept.gene_id, names),
    )


def choose_genes(genes: Genes, wanted: list[str]) -> Genes:
    """Restrict target genes to the IDs in `wanted`, keeping axis order.

    Raises
    ------
    TR300MError
        If an ID is not a target gene, or `wanted` is empty.
    """
    if not wanted:
        raise TR300MError("the `genes` list is empty", "name at least one gene, or set `genes: null`")
    missing = sorted(set(wanted) - set(genes.gene_id.tolist()))
    if missing:
        raise TR300MError(
            f"{len(missing)} genes of the `genes` list are not target genes, such as {missing[0]}",
            "give versioned IDs of protein-coding genes; of genes with a shared TSS, the first in the GTF",
        )
    return genes.take(np.isin(genes.gene_id, wanted))


def in_expression(genes: Genes, gene_ids: Collection[str], edition: str) -> Bools:
    """Return which target genes [gene] are in `gene_ids`; in edition ``corrected`` merged genes count too."""
    known = set(gene_ids)
    merged = genes.merged.tolist() if edition == "corrected" else [""] * len(genes)
    rows = zip(genes.gene_id.tolist(), merged, strict=True)
    return np.array([bool(known & {gene, *others.split(";")}) for gene, others in rows], dtype=bool)


def named(names: Sequence[str], most: int = 20) -> str:
    """Return names for a message: all, or the first `most` and the number of the others."""
    rest = f" and {len(names) - most:,} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest


def chromosome_onehot(chromosome: Strings) -> Floats:
    """Return one-hot chromosomes [gene, 24] in the order of `CHROMOSOMES`; rows of other chromosomes are zero."""
    return (chromosome[:, None] == np.array(CHROMOSOMES)[None, :]).astype(np.float64)


def check_edition(edition: str) -> None:
    """Raise a `TR300MError` if an edition is neither ``release`` nor ``corrected``."""
    if edition not in EDITIONS:
        raise TR300MError(f"unknown edition {edition!r}", f"choose {' or '.join(EDITIONS)}")
