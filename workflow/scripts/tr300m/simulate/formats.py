"""Simple readers of the files that the simulator needs, and a reproducible gzip writer.

They are independent of the readers in `arrays`, so that the planted truth does not share their mistakes.
"""

import csv
import gzip
import io
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np
from numpy.typing import NDArray

from ..base.axes import PAR_Y
from ..base.base_codes import CODE_OF_BYTE, COMPLEMENT, OUTSIDE_CODE
from ..base.errors import TR300MError
from ..base.files import atomic_path, gzip_errors, open_binary, open_text, read_lines, read_tsv
from ..base.types import Strings

UPSTREAM_BP, DOWNSTREAM_BP = 2773, 50
PROMOTER_BP = UPSTREAM_BP + DOWNSTREAM_BP
PAIR = re.compile(r'([^\s;"]+)\s+(?:"([^"]*)"|([^\s;"]+))')  # GTF attribute: key, quoted value, unquoted value


class Gene(NamedTuple):
    """A gene line of an annotation; `start` and `end` are 1-based and inclusive."""

    gene_id: str
    name: str
    kind: str
    chromosome: str
    start: int
    end: int
    strand: str

    @property
    def tss(self) -> int:
        """1-based transcription start site."""
        return self.start if self.strand == "+" else self.end

    @property
    def window(self) -> tuple[int, int]:
        """0-based half-open promoter window; it may extend beyond the chromosome."""
        if self.strand == "+":
            return self.tss - UPSTREAM_BP, self.tss + DOWNSTREAM_BP
        return self.tss - DOWNSTREAM_BP, self.tss + UPSTREAM_BP

    @property
    def stable_id(self) -> str:
        """Gene ID without version and without the suffix `PAR_Y`."""
        return self.gene_id.removesuffix(PAR_Y).split(".")[0]


class SampleTable(NamedTuple):
    """Samples in file order, as string arrays [sample]."""

    sample_id: Strings
    donor: Strings
    tissue: Strings


def read_genes(path: Path | str) -> list[Gene]:
    """Read the `gene` lines of a GTF, in file order."""
    genes = []
    for line in read_lines(path):
        # Transcripts and exons, which are nearly all lines, are skipped before splitting.
        if "\tgene\t" not in line or line.startswith("#"):
            continue
        field = line.split("\t")
        try:
            # In reverse order, so that the first value of a repeated key is kept.
            attribute = {key: (quoted or bare).strip() for key, quoted, bare in reversed(PAIR.findall(field[8]))}
            gene_id, name, kind = attribute["gene_id"], attribute.get("gene_name", ""), attribute["gene_type"]
            gene = Gene(gene_id, name, kind, field[0].strip(), int(field[3]), int(field[4]), field[6].strip())
        except (KeyError, IndexError, ValueError):
            raise TR300MError(f"{path}: not a gene line of GENCODE: {line[:60]}", "use a GENCODE GTF") from None
        genes.append(gene)
    if not genes:
        raise TR300MError(f"{path} has no gene lines", "use a GENCODE GTF")
    return genes


def read_genome(path: Path | str, chromosomes: Iterable[str]) -> dict[str, NDArray[np.uint8]]:
    """Read chromosomes of a FASTA as codes: 0-3 for ACGT in either case, 4 for all other letters."""
    wanted = set(chromosomes)
    parts: dict[str, list[bytes]] = {}
    current: list[bytes] | None = None
    with open_binary(path) as handle, gzip_errors(path):
        for line in handle:
            if line.startswith(b">"):
                name = line[1:].split(maxsplit=1)[0].decode()
                current = parts.setdefault(name, []) if name in wanted else None
            elif current is not None:
                current.append(line.rstrip())
    if not parts:
        raise TR300MError(f"{path} has none of {', '.join(sorted(wanted))}", "check `chromosomes`")
    return {name: CODE_OF_BYTE[np.frombuffer(b"".join(lines), dtype=np.uint8)] for name, lines in parts.items()}


def window_codes(genome: dict[str, NDArray[np.uint8]], gene: Gene) -> NDArray[np.uint8]:
    """Return the codes [2823] of a gene's window, 5' to 3' on its strand; 5 outside the chromosome."""
    start, end = gene.window
    sequence = genome[gene.chromosome]
    if not 1 <= gene.tss <= len(sequence):
        raise TR300MError(
            f"gene {gene.gene_id} starts at {gene.chromosome}:{gene.tss:,}, outside the FASTA's {len(sequence):,} bp",
            "annotation and FASTA must be of the same genome build",
        )
    codes = np.full(PROMOTER_BP, OUTSIDE_CODE, dtype=np.uint8)
    low, high = max(start, 0), min(end, len(sequence))
    codes[low - start : high - start] = sequence[low:high]
    return codes if gene.strand == "+" else COMPLEMENT[codes[::-1]]


def read_regulator_ids(path: Path | str) -> set[str]:
    """Read the Ensembl IDs of the regulator list."""
    with open_text(path) as handle:
        rows = csv.DictReader(handle)
        if "Ensembl ID" not in (rows.fieldnames or []):
            raise TR300MError(f"{path} lacks the column Ensembl ID", "use the Lambert list, DatabaseExtract_v_1.01.csv")
        return {row["Ensembl ID"].strip() for row in rows}


def read_samples(path: Path | str, count: int) -> SampleTable:
    """Read at most `count` RNA-seq samples, chosen as evenly as possible over tissues, in file order."""
    table = read_tsv(path)
    if missing := {"SAMPID", "SMTSD", "SMAFRZE"} - table.keys():
        raise TR300MError(
            f"{path} lacks the column {', '.join(sorted(missing))}", "use the SampleAttributesDS file of GTEx"
        )
    kept = np.flatnonzero(table["SMAFRZE"] == "RNASEQ")
    tissue = table["SMTSD"][kept]
    rank = np.zeros(len(kept), dtype=np.int64)
    for name in np.unique(tissue):
        mine = tissue == name
        rank[mine] = np.arange(mine.sum())
    # Take the first sample of each tissue, then the second of each, and so on.
    chosen = np.sort(np.argsort(rank, kind="stable")[:count])
    identifiers = table["SAMPID"][kept][chosen]
    donors = np.array(["-".join(name.split("-")[:2]) for name in identifiers.tolist()])
    return SampleTable(identifiers, donors, tissue[chosen])


@contextmanager
def gzip_writer(path: Path | str, level: int = 6) -> Iterator[TextIO]:
    """Open a gzip text file for writing, atomically. Its header has no time and name: equal text gives equal bytes."""
    with (
        atomic_path(path) as temporary,
        open(temporary, "wb") as raw,
        gzip.GzipFile(filename="", mode="wb", compresslevel=level, fileobj=raw, mtime=0) as zipped,
        io.TextIOWrapper(zipped, encoding="utf-8", newline="\n") as text,
    ):
        yield text
