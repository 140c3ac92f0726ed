"""Simulate a genome (FASTA) for a simulated annotation, with motifs of the drivers planted in promoters."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..base.axes import PAR_Y
from ..base.base_codes import COMPLEMENT, UNKNOWN_CODE
from ..base.files import write_tsv
from ..base.types import Bools
from ..config.simulation import SimulationConfig
from .annotation import CODING, TELOMERE
from .driver_motifs import ProbabilityMatrix, driver_matrix
from .formats import PROMOTER_BP, UPSTREAM_BP, Gene, gzip_writer, read_genes

MITOCHONDRION = 16_569
TAIL = 600  # bp after the last gene: less than a window, so that the window of a last gene on - extends beyond the end
SHORT_TELOMERE = 300  # Ns at the start of a chromosome whose first gene is close to it
SEGMENT = 1_000  # bp with one GC content
LINE = 50
PROXIMAL_SITES, PROXIMAL_SITES_SHARE = (
    500,
    0.8,
)  # bp at the end of the window with the TSS, and the share of sites there
GAP = (400, 200)  # run of N inside a window: first position and length


class Site(NamedTuple):
    """A planted motif site; `start` is the 0-based left end on the + strand."""

    gene_id: str
    matrix_id: str
    chromosome: str
    start: int
    strand: str
    regulator: str


def simulate_genome(config: SimulationConfig, gtf: Path | str, out: Path | str, truth_dir: Path | str) -> None:
    """Write a genome for a simulated annotation as gzip-compressed FASTA, and the table of planted sites.

    Chromosomes start with a run of N and end shortly after their last gene. The window of one gene contains another run
    of N. Repeats are soft-masked (lower case). The region of the PAR genes is the same on chrX and chrY.

    The table ``motif_sites.tsv`` in `truth_dir` has the columns gene_id, matrix_id, chromosome, start (0-based left end
    on the + strand), strand and regulator.
    """
    rng = config.rng("genome")
    genes = read_genes(gtf)
    genome: dict[str, NDArray[np.uint8]] = {}
    for name, size in chromosome_sizes(genes).items():
        mine = [gene for gene in genes if gene.chromosome == name]
        genome[name] = _random_sequence(size, mine, rng)
        if name != "chrM":
            first = min(gene.start for gene in mine)
            genome[name][: SHORT_TELOMERE if first < TELOMERE else TELOMERE] = UNKNOWN_CODE
    _gap(genome, genes)
    sites = _plant(config, genome, genes)
    sites += _copy_par(genome, genes, sites)
    with gzip_writer(out, level=5) as handle:
        for name, sequence in genome.items():
            handle.write(f">{name}\n")
            handle.write(_lines(sequence, rng))
    write_tsv(Path(truth_dir) / "motif_sites.tsv", dict(zip(Site._fields, zip(*sites, strict=True), strict=True)))


def chromosome_sizes(genes: list[Gene]) -> dict[str, int]:
    """Return the length in base pairs of each chromosome of a simulated annotation."""
    sizes: dict[str, int] = {}
    for gene in genes:
        sizes[gene.chromosome] = max(sizes.get(gene.chromosome, 0), gene.end + TAIL)
    return sizes | ({"chrM": MITOCHONDRION} if "chrM" in sizes else {})


def _random_sequence(size: int, genes: list[Gene], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw base codes with a GC content that varies along the chromosome and is higher at some promoters."""
    drift = np.convolve(rng.normal(0, 0.06, size // SEGMENT + 5), np.ones(4) / 2, mode="same")
    content = np.repeat(np.clip(0.41 + drift, 0.3, 0.6), SEGMENT)[:size].astype(np.float32)
    for gene in genes:
        content[max(gene.tss - 800, 0) : gene.tss + 300] += rng.uniform(0, 0.25)
    strong = rng.random(size, dtype=np.float32) < content
    half = rng.integers(0, 2, size=size, dtype=np.uint8)
    # C and G are codes 1 and 2, A and T are 0 and 3.
    return np.where(strong, 1 + half, 3 * half).astype(np.uint8)


def _gap(genome: dict[str, NDArray[np.uint8]], genes: list[Gene]) -> None:
    """Put a run of N into the upstream region of the window of one coding gene with an invented name."""
    fit = [
        gene
        for gene in genes
        if gene.kind == CODING and gene.name.startswith("SIM") and gene.window[0] > TELOMERE and gene.strand == "+"
    ]
    gene = fit[len(fit) // 2]
    start = gene.window[0] + GAP[0]
    genome[gene.chromosome][start : start + GAP[1]] = UNKNOWN_CODE


def _plant(config: SimulationConfig, genome: dict[str, NDArray[np.uint8]], genes: list[Gene]) -> list[Site]:
    """Write sampled motifs into the sequences in place, but not over N or other sites, and return the sites."""
    rng = config.rng("planting")
    occupied = {name: sequence == UNKNOWN_CODE for name, sequence in genome.items()}
    targets: dict[tuple[str, int, str], Gene] = {}
    for gene in genes:
        if gene.kind == CODING and gene.chromosome in config.chromosomes and not gene.gene_id.endswith(PAR_Y):
            # The first of the genes that share a TSS.
            targets.setdefault((gene.chromosome, gene.tss, gene.strand), gene)
    profiles = [driver_matrix(name) for name in config.drivers]
    return [
        site
        for gene in targets.values()
        for profile in profiles
        if rng.random() < config.planted
        if (site := _plant_one(gene, profile, genome[gene.chromosome], occupied[gene.chromosome], rng)) is not None
    ]


def _plant_one(
    gene: Gene,
    profile: ProbabilityMatrix,
    sequence: NDArray[np.uint8],
    occupied: Bools,
    rng: np.random.Generator,
) -> Site | None:
    """Plant one motif in the window of a gene, on its strand; return None if ten draws find no free place."""
    width = len(profile.scores)
    for _ in range(10):
        start = _plus_start(gene, _draw_position(width, rng), width)
        if start < 0 or start + width > len(sequence) or occupied[start : start + width].any():
            continue
        codes = _sample(profile, rng)
        sequence[start : start + width] = codes if gene.strand == "+" else COMPLEMENT[codes[::-1]]
        occupied[start : start + width] = True
        return Site(gene.gene_id, profile.matrix_id, gene.chromosome, start, gene.strand, profile.name)
    return None


def _draw_position(width: int, rng: np.random.Generator) -> int:
    """Draw the first position of a motif of `width` in the window; 0 is the upstream end."""
    first = PROMOTER_BP - PROXIMAL_SITES if rng.random() < PROXIMAL_SITES_SHARE else 0
    return int(rng.integers(first, PROMOTER_BP - width + 1))


def _plus_start(gene: Gene, index: int, width: int) -> int:
    """Convert a position in the window to the 0-based left end on the + strand."""
    start, end = gene.window
    return start + index if gene.strand == "+" else end - index - width


def _sample(profile: ProbabilityMatrix, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw base codes [position] from a motif."""
    edges = profile.probability.cumsum(axis=1)[:, :3]
    return np.asarray((rng.random((len(edges), 1)) > edges).sum(axis=1), dtype=np.uint8)


def _copy_par(genome: dict[str, NDArray[np.uint8]], genes: list[Gene], sites: list[Site]) -> list[Site]:
    """Copy the PAR from chrX to chrY, and return its sites with the IDs of the genes on chrY."""
    par = {gene.gene_id.removesuffix(PAR_Y): gene for gene in genes if gene.gene_id.endswith(PAR_Y)}
    if not par:
        return []
    end = max(gene.end for gene in par.values()) + UPSTREAM_BP + 100
    genome["chrY"][:end] = genome["chrX"][:end]
    return [
        site._replace(gene_id=par[site.gene_id].gene_id, chromosome="chrY") for site in sites if site.gene_id in par
    ]


def _lines(sequence: NDArray[np.uint8], rng: np.random.Generator) -> str:
    """Return codes as lines of soft-masked letters."""
    letters = np.frombuffer(b"ACGTN", dtype=np.uint8)[sequence]
    # Repeats have a mean length of 300 bp and cover a third of the sequence.
    edges = np.cumsum(rng.exponential([300.0, 600.0], size=(len(sequence) // 600 + 1, 2)).ravel()).astype(np.int64)
    for start, end in zip(edges[1::2], edges[2::2], strict=False):
        if start >= len(letters):
            break
        letters[start:end] |= 32
    letters[sequence == UNKNOWN_CODE] = ord("N")
    full = len(letters) // LINE * LINE
    block = np.full((full // LINE, LINE + 1), ord("\n"), dtype=np.uint8)
    block[:, :LINE] = letters[:full].reshape(-1, LINE)
    rest = letters[full:].tobytes() + b"\n" if full < len(letters) else b""
    return (block.tobytes() + rest).decode("ascii")
