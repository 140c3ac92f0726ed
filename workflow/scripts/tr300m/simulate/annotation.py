"""A GENCODE-like annotation (GTF), with the cases that trip readers."""

from pathlib import Path

import numpy as np

from ..errors import TR300MError
from .config import SimulationConfig
from .formats import PAR_Y, UPSTREAM, Gene, gzip_writer
from .names import PAR_OTHERS, PAR_REGULATORS, PSEUDOGENE_REGULATOR, REGULATORS

TELOMERE = 10_000  # bp before the first slot of a chromosome
NEAR_START = 1_501  # TSS of the gene whose window runs off its chromosome's start
WEIGHTS = {"chrX": 0.6, "chrY": 0.2}  # genes per chromosome, relative to an autosome
CODING = "protein_coding"
NONCODING = ("processed_pseudogene", "lincRNA", "antisense", "miRNA")
NONCODING_SHARE = 0.15
MITOCHONDRIAL = (
    Gene("ENSG00000211459.2", "MT-RNR1", "Mt_rRNA", "chrM", 648, 1601, "+"),
    Gene("ENSG00000198804.2", "MT-CO1", CODING, "chrM", 5904, 7445, "+"),
)
HEADER = (
    "##description: SIMULATED annotation in the format of GENCODE; no real gene has these coordinates",
    "##provider: tr300m simulate",
    "##contact: none",
    "##format: gtf",
    "##date: 2017-03-14",
)
PAR_SLOTS = len(PAR_REGULATORS) + len(PAR_OTHERS)


def simulate_gtf(config: SimulationConfig, out: Path | str) -> None:
    """Write a simulated annotation as gzip-compressed GTF, genes in genome order.

    It has gene, transcript and exon lines; non-coding genes; genes on chrM; PAR genes (the same ID on chrX and, with the
    suffix ``_PAR_Y``, on chrY); two pairs of genes that share TSS and strand; genes whose windows overlap; one window
    that runs off a chromosome's start and one that runs off an end.

    Raises
    ------
    TR300MError
        If there are too few genes to hold all regulators and special cases.
    """
    genes = lay_out(config)
    with gzip_writer(out) as handle:
        handle.writelines(line + "\n" for line in HEADER)
        for number, gene in enumerate(genes):
            handle.write(_lines(gene, number))


def lay_out(config: SimulationConfig) -> list[Gene]:
    """Return the genes of the simulated annotation in file order."""
    rng = config.rng("annotation")
    per_chromosome = _share_out(config)
    layout = {
        name: _Chromosome(config, name, count, index, rng)
        for index, (name, count) in enumerate(zip(config.chromosomes, per_chromosome, strict=True))
    }
    coding = [place for chromosome in layout.values() for place in chromosome.coding]
    _name_genes(coding, rng)
    genes = [gene for chromosome in layout.values() for gene in chromosome.genes(rng)]
    if {"chrX", "chrY"} <= set(config.chromosomes):
        genes += _par_genes(config, rng)
    order = {name: index for index, name in enumerate(config.chromosomes)}
    genes.sort(key=lambda gene: (order[gene.chromosome], gene.start, gene.end))
    return genes + list(MITOCHONDRIAL)


def _share_out(config: SimulationConfig) -> list[int]:
    """Return the number of protein-coding genes of each chromosome, without PAR genes and chrM."""
    has_par = {"chrX", "chrY"} <= set(config.chromosomes)
    count = config.genes - (2 * PAR_SLOTS if has_par else 0)
    weights = np.array([WEIGHTS.get(name, 1.0) for name in config.chromosomes])
    shares = np.floor(count * weights / weights.sum()).astype(np.int64)
    shares[0] += count - shares.sum()
    # Pairs are no place for regulators, so more genes are needed than there are regulators.
    needed = len(REGULATORS) + 4 * len(config.chromosomes)
    if count < needed or shares.min() < 3:
        raise TR300MError(
            f"{config.genes} genes on {len(config.chromosomes)} chromosomes are too few to simulate",
            f"set `genes` to {needed + 2 * PAR_SLOTS} or more, or name fewer chromosomes",
        )
    return [int(share) for share in shares]


class _Place:
    """Where a gene will stand; gets its ID and name later."""

    def __init__(self, chromosome: str, start: int, length: int, strand: str, *, lone: bool) -> None:
        self.chromosome, self.start, self.end, self.strand = chromosome, start, start + length - 1, strand
        self.lone = lone
        self.gene_id = self.name = ""
        self.kind = CODING

    def gene(self) -> Gene:
        return Gene(self.gene_id, self.name, self.kind, self.chromosome, self.start, self.end, self.strand)


class _Chromosome:
    """The places of one chromosome: slots of equal length, one gene or one special pair in each."""

    def __init__(
        self, config: SimulationConfig, name: str, count: int, index: int, rng: np.random.Generator
    ) -> None:
        self.name = name
        self.coding: list[_Place] = []
        self.noncoding: list[_Place] = []
        last = len(config.chromosomes) - 1
        position = TELOMERE + (PAR_SLOTS * config.spacing if name in ("chrX", "chrY") else 0)
        if index == 0:
            self.coding.append(_Place(name, NEAR_START, 900, "+", lone=False))
            count -= 1
        runs_off_end = index == min(1, last)
        count -= runs_off_end
        pairs = [kind for kind, wanted in (("+", index == 0), ("-", index == min(1, last)), ("<>", True)) if wanted]
        slots = ["gene"] * (count - 2 * len(pairs)) + ["noncoding"] * max(2, round(NONCODING_SHARE * count)) + pairs
        for kind in rng.permutation(slots):
            self._fill(str(kind), position, rng)
            position += config.spacing
        if runs_off_end:
            # The genome ends shortly after its last gene, so upstream of a - gene there is too little of it.
            self.coding.append(_Place(name, position + 3_000, 1_800, "-", lone=False))
        else:
            self.noncoding.append(_Place(name, position + 2 * UPSTREAM, 400, "+", lone=False))

    def _fill(self, kind: str, position: int, rng: np.random.Generator) -> None:
        start = position + UPSTREAM + 30 + int(rng.integers(300))
        length = int(rng.integers(700, 2_000))
        if kind == "gene":
            self.coding.append(_Place(self.name, start, length, "+-"[rng.integers(2)], lone=True))
        elif kind == "noncoding":
            self.noncoding.append(_Place(self.name, start, length // 2, "+-"[rng.integers(2)], lone=True))
        elif kind == "+":
            self.coding += [_Place(self.name, start, size, "+", lone=False) for size in (length, length + 250)]
        elif kind == "-":
            places = ((start, length), (start + 150, length - 150))
            self.coding += [_Place(self.name, first, size, "-", lone=False) for first, size in places]
        else:
            # Head to head, 300 bp apart: two genes that share a promoter region.
            half = length // 2
            self.coding.append(_Place(self.name, start, half, "-", lone=False))
            self.coding.append(_Place(self.name, start + half + 300, half, "+", lone=False))

    def genes(self, rng: np.random.Generator) -> list[Gene]:
        """Return all genes, once the coding ones are named."""
        for number, place in enumerate(self.noncoding):
            place.kind = NONCODING[number % len(NONCODING)]
            place.gene_id = f"ENSG00000{950_000 + 1_000 * _digits(self.name) + number:06d}.{rng.integers(1, 9)}"
            place.name = f"NC-{self.name[3:]}.{number + 1}"
        if self.name == self._first_autosome() and self.noncoding:
            place = self.noncoding[0]
            place.kind = "transcribed_unprocessed_pseudogene"
            place.gene_id, place.name = f"{PSEUDOGENE_REGULATOR.gene_id}.5", PSEUDOGENE_REGULATOR.symbol
        return [place.gene() for place in [*self.coding, *self.noncoding]]

    def _first_autosome(self) -> str:
        return "chr1"
