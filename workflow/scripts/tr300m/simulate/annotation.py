"""Simulate an annotation like GENCODE's (GTF), with all special cases that readers must handle."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from ..base.axes import PAR_Y
from ..base.errors import TR300MError
from ..config.simulation import SimulationConfig
from .formats import UPSTREAM_BP, Gene, gzip_writer
from .regulators import PAR_OTHERS, PAR_REGULATORS, PSEUDOGENE_REGULATOR, Regulator, choose_regulators

TELOMERE = 10_000  # bp before the first slot of a chromosome
NEAR_START = 1_501  # TSS of the gene whose window extends beyond the start of its chromosome
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
    "##provider: tr300m",
    "##contact: none",
    "##format: gtf",
    "##date: 2017-03-14",
)
PAR = (*((row.gene_id, row.symbol) for row in PAR_REGULATORS), *PAR_OTHERS)


def simulate_gtf(config: SimulationConfig, out: Path | str) -> None:
    """Write a simulated annotation as gzip-compressed GTF, genes in genome order.

    It has gene, transcript and exon lines; non-coding genes; genes on chrM; PAR genes (the same ID on chrX and, with
    the suffix ``_PAR_Y``, on chrY); two pairs of genes that share TSS and strand; genes whose windows overlap; one
    window that extends beyond the start of a chromosome, and one that extends beyond an end.

    Raises
    ------
    TR300MError
        If there are too few genes for all regulators and special cases.
    """
    genes = lay_out(config)
    with gzip_writer(out) as handle:
        handle.writelines(line + "\n" for line in HEADER)
        for number, gene in enumerate(genes):
            handle.writelines(line + "\n" for line in _lines(gene, number))


def lay_out(config: SimulationConfig) -> list[Gene]:
    """Return the genes of the simulated annotation in file order."""
    rng = config.rng("annotation")
    places: list[tuple[Gene, bool]] = []
    for index, (name, count) in enumerate(zip(config.chromosomes, _share_out(config), strict=True)):
        places += _place(config, name, index, count, rng)
    regulators = choose_regulators(config.regulators, config.drivers)
    genes = _name([gene for gene, _ in places], [lone for _, lone in places], regulators, rng)
    if _has_par(config):
        genes += _par_genes(config, rng)
    order = {name: index for index, name in enumerate(config.chromosomes)}
    genes.sort(key=lambda gene: (order[gene.chromosome], gene.start, gene.end))
    return genes + list(MITOCHONDRIAL)


def _has_par(config: SimulationConfig) -> bool:
    return {"chrX", "chrY"} <= set(config.chromosomes)


def _share_out(config: SimulationConfig) -> list[int]:
    """Return the number of protein-coding genes of each chromosome, without PAR genes and chrM."""
    count = config.genes - (2 * len(PAR) if _has_par(config) else 0)
    weights = np.array([WEIGHTS.get(name, 1.0) for name in config.chromosomes])
    shares = np.floor(count * weights / weights.sum()).astype(np.int64)
    shares[0] += count - shares.sum()
    # Genes in special pairs are never regulators, so there must be more genes than regulators.
    needed = len(choose_regulators(config.regulators, config.drivers)) + 2 * len(config.chromosomes) + 6
    if count < needed or shares.min() < 6:
        raise TR300MError(
            f"{config.genes} genes on {len(config.chromosomes)} chromosomes are too few to simulate",
            "raise `genes`, lower `regulators`, or name fewer chromosomes",
        )
    return [int(share) for share in shares]


def _place(
    config: SimulationConfig, chromosome: str, index: int, count: int, rng: np.random.Generator
) -> Iterator[tuple[Gene, bool]]:
    """Yield the genes of a chromosome, without ID and name, and whether each is alone in its slot.

    The chromosome is divided into slots of `spacing` base pairs. In random order, a slot has one coding gene, one
    non-coding gene or a pair of genes.
    """

    def gene(start: int, length: int, strand: str, kind: str = CODING) -> Gene:
        return Gene("", "", kind, chromosome, start, start + length - 1, strand)

    position = TELOMERE + (len(PAR) * config.spacing if chromosome in ("chrX", "chrY") else 0)
    if index == 0:
        yield gene(NEAR_START, 900, "+"), False
    runs_off_end = index == min(1, len(config.chromosomes) - 1)
    pairs = ["head to head"] + ["shared +"] * (index == 0) + ["shared -"] * runs_off_end
    lone = count - 2 * len(pairs) - (index == 0) - runs_off_end
    slots = ["coding"] * lone + ["non-coding"] * max(2, round(NONCODING_SHARE * count)) + pairs
    for slot in rng.permutation(slots).tolist():
        # The window is then inside the slot on either strand.
        start = position + UPSTREAM_BP + 30 + int(rng.integers(300))
        length = int(rng.integers(700, 1_900))
        strand = "+-"[rng.integers(2)]
        if slot == "coding":
            yield gene(start, length, strand), True
        elif slot == "non-coding":
            yield gene(start, length // 2, strand, NONCODING[rng.integers(len(NONCODING))]), True
        elif slot == "shared +":
            yield gene(start, length, "+"), False
            yield gene(start, length + 250, "+"), False
        elif slot == "shared -":
            yield gene(start, length, "-"), False
            yield gene(start + 150, length - 150, "-"), False
        else:
            yield gene(start, length // 2, "-"), False
            yield gene(start + length // 2 + 300, length // 2, "+"), False
        position += config.spacing
    if runs_off_end:
        # The chromosome ends shortly after its last gene, so the window of a gene on - extends beyond the end.
        yield gene(position + UPSTREAM_BP, 1_800, "-"), False
    else:
        yield gene(position + UPSTREAM_BP, 400, "+", NONCODING[0]), False


def _name(genes: list[Gene], lone: list[bool], regulators: list[Regulator], rng: np.random.Generator) -> list[Gene]:
    """Assign IDs and names: regulators to random coding genes that are alone, invented names to all others."""
    free = [index for index, gene in enumerate(genes) if gene.kind == CODING and lone[index]]
    chosen = rng.choice(free, size=len(regulators), replace=False)
    named = {int(index): row for index, row in zip(chosen, regulators, strict=True)}
    noncoding = next(index for index, gene in enumerate(genes) if gene.kind != CODING)
    genes[noncoding] = genes[noncoding]._replace(kind="transcribed_unprocessed_pseudogene")
    named[noncoding] = PSEUDOGENE_REGULATOR
    versions = rng.integers(1, 20, size=len(genes))
    for index, gene in enumerate(genes):
        row = named.get(index)
        stable, name = (row.gene_id, row.symbol) if row else (f"ENSG00000{900_000 + index:06d}", f"SIM{index + 1}")
        genes[index] = gene._replace(gene_id=f"{stable}.{versions[index]}", name=name)
    return genes


def _par_genes(config: SimulationConfig, rng: np.random.Generator) -> list[Gene]:
    """Return the PAR genes, with the same coordinates, ID (except the suffix) and name on chrX and chrY."""
    genes = []
    for slot, (stable, name) in enumerate(PAR):
        start = TELOMERE + slot * config.spacing + UPSTREAM_BP + 30
        end = start + int(rng.integers(700, 1_900))
        gene = Gene(f"{stable}.{rng.integers(1, 20)}", name, CODING, "chrX", start, end, "+-"[slot % 2])
        genes += [gene, gene._replace(gene_id=gene.gene_id + PAR_Y, chromosome="chrY")]
    return genes


def _lines(gene: Gene, number: int) -> Iterator[str]:
    """Yield the lines of a gene, its transcript and one or two exons."""
    head = f'gene_id "{gene.gene_id}";'
    kind = f'gene_type "{gene.kind}"; gene_name "{gene.name}";'
    tail = f'level 2; havana_gene "OTTHUMG{number + 1:011d}.1";'
    if gene.gene_id.endswith(PAR_Y):
        tail += ' tag "PAR";'
    transcript = f'transcript_id "ENST{number + 1:011d}.1"; {kind} transcript_type "{gene.kind}";'
    transcript += f' transcript_name "{gene.name}-001";'

    def line(feature: str, start: int, end: int, attributes: str) -> str:
        return f"{gene.chromosome}\tHAVANA\t{feature}\t{start}\t{end}\t.\t{gene.strand}\t.\t{attributes}"

    yield line("gene", gene.start, gene.end, f"{head} {kind} {tail}")
    yield line("transcript", gene.start, gene.end, f"{head} {transcript} {tail}")
    middle = (gene.start + gene.end) // 2
    exons = (
        [(gene.start, middle - 50), (middle + 50, gene.end)]
        if gene.end - gene.start > 600
        else [(gene.start, gene.end)]
    )
    for rank, (start, end) in enumerate(exons if gene.strand == "+" else exons[::-1], start=1):
        yield line("exon", start, end, f"{head} {transcript} exon_number {rank}; {tail}")
