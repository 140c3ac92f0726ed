"""The planted truth: who is open, who regulates whom, and the expression that follows.

log1p TPM of gene g in sample s, cut at 0, is

    base_g + open_weight * open[g, tissue of s] + sum over drivers k of effect_k * hit[g, k] * level[s, k]
           + donor effect + noise

`open` lies between 0 and 1 and is the tissue's mix of seven cells; `hit` lies between 0 and 1 and follows from the best
score of k's motif in g's promoter, planted or natural; `level` is k's log level, standardised over samples. It works
on any annotation and genome, simulated or real. Genes without sequence here (regulators elsewhere) get a level of
their own.
"""

import itertools
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from ..base.axes import CELLS, PAR_Y
from ..base.errors import TR300MError
from ..base.types import Bools, Floats, Ints, Strings
from ..config.simulation import SimulationConfig
from .annotation import CODING
from .driver_motifs import ProbabilityMatrix, best_scores, driver_matrix
from .formats import (
    PROMOTER_BP,
    Gene,
    SampleTable,
    read_genes,
    read_genome,
    read_regulator_ids,
    read_samples,
    window_codes,
)
from .tissue_cells import tissue_cells
from .truth_files import Drivers, Truth, write_truth

BASE_SPREAD = 0.3
NONCODING_PENALTY = 2.0  # on the logit of openness
DRIVER_OPENNESS = 0.85
DRIVER_NOISE = 0.4
HIT_SLOPE = 4.0  # steepness of a hit around its threshold, per standard deviation of the best score
SAME_PROMOTER = 1_500  # bp between TSS of neighbours
PAR_Y_SHARE = 0.05  # of the chrX copy's TPM: what misplaced reads leave on the chrY copy
PROXIMAL_GC = 1_000  # bp at the TSS end of the window whose GC content pulls on openness
# log1p TPM of genes without sequence: mean and spread over genes, spread over tissues, and two fixed means.
ELSEWHERE_MEAN, ELSEWHERE_SPREAD, ELSEWHERE_TISSUE = 1.5, 1.0, 0.5
ELSEWHERE_DRIVER, MITOCHONDRIAL_MEAN = 4.0, 9.0
MIN_DEVIATION = 1e-6  # keeps divisions by a standard deviation finite


class _Setting(NamedTuple):
    """What the truth is computed on; arrays are [gene]."""

    genes: list[Gene]
    here: Bools  # has sequence
    coding: Bools
    regulator: Bools
    windows: NDArray[np.uint8]  # base codes [gene, 2823], only where `here`


def simulate_truth(
    config: SimulationConfig,
    gtf: Path | str,
    genome: Path | str,
    lambert: Path | str,
    sample_attributes: Path | str,
    out_dir: Path | str,
) -> None:
    """Compute the planted truth and write it to `out_dir`; `truth_files.write_truth` lists the files.

    Parameters
    ----------
    config
        Settings; `chromosomes` says which of the genome's are used.
    gtf, genome, lambert, sample_attributes
        Annotation (GTF), FASTA, regulator list (CSV) and sample table (TSV), simulated or real, plain or gzip.
    out_dir
        Folder to write to.

    Raises
    ------
    TR300MError
        If an input lacks what is needed, such as a driver or all chromosomes.
    """
    samples = read_samples(sample_attributes, config.samples)
    setting = _read_setting(config, gtf, genome, read_regulator_ids(lambert))
    if not (setting.here & setting.coding).any() or not len(samples.sample_id):
        raise TR300MError("no gene or no RNA-seq sample to simulate", "check `chromosomes` and the sample table")
    write_truth(out_dir, compute_truth(config, setting, samples))


def compute_truth(config: SimulationConfig, setting: _Setting, samples: SampleTable) -> Truth:
    """Compute the planted truth, without reading or writing files."""
    drivers, hits = _drivers(config, setting)
    openness = _openness(config, setting, drivers)
    tissues = sorted(set(samples.tissue.tolist()))
    mix = tissue_cells(config, tissues)
    tissue = np.searchsorted(tissues, samples.tissue)
    parts, levels = _log_expression(config, setting, samples.donor, tissue, openness @ mix.T, hits, drivers)
    tpm = _tpm(setting.genes, sum(parts.values(), np.zeros((len(setting.genes), len(tissue)))))
    in_expression = np.ones(len(setting.genes), dtype=bool)
    missing = _missing_gene(setting)
    in_expression[missing] = False
    used = setting.here & setting.coding & [not gene.gene_id.endswith(PAR_Y) for gene in setting.genes]
    used[drivers.rows] = False
    summary = {
        "seed": config.seed,
        "genes": len(setting.genes),
        "genes_with_sequence": int(setting.here.sum()),
        "samples": len(tissue),
        "tissues": len(tissues),
        "drivers": list(drivers.names),
        "gene_missing_from_expression": setting.genes[missing].gene_id,
        "share_of_zeros": round(float((tpm[used] == 0).mean()), 4),
        "variance": _variance_shares({name: part[used] for name, part in parts.items()}, tpm[used]),
    }
    return Truth(
        genes=setting.genes,
        has_sequence=setting.here,
        regulator=setting.regulator,
        in_expression=in_expression,
        samples=samples,
        drivers=drivers,
        hits=hits,
        levels=levels,
        openness=openness,
        tissues=tissues,
        mix=mix,
        tpm=tpm.astype(np.float32),
        summary=summary,
    )


def _read_setting(config: SimulationConfig, gtf: Path | str, genome: Path | str, regulators: set[str]) -> _Setting:
    """Read the genes that get an expression row, and their windows."""
    sequences = read_genome(genome, config.chromosomes)
    genes = [
        gene
        for gene in read_genes(gtf)
        if config.all_genes or gene.stable_id in regulators or (gene.kind == CODING and gene.chromosome in sequences)
    ]
    here = np.array([gene.chromosome in sequences for gene in genes])
    windows = np.zeros((len(genes), PROMOTER_BP), dtype=np.uint8)
    for row in np.flatnonzero(here):
        windows[row] = window_codes(sequences, genes[row])
    coding = np.array([gene.kind == CODING for gene in genes])
    return _Setting(genes, here, coding, np.array([gene.stable_id in regulators for gene in genes]), windows)


def _drivers(config: SimulationConfig, setting: _Setting) -> tuple[Drivers, Floats]:
    """Find the drivers among the regulators, and their hits [gene, driver]; two of three drivers activate.

    A hit is one half at the score that a share `planted` of the coding genes surpass.
    """
    rows = {gene.name: row for row, gene in reversed(list(enumerate(setting.genes))) if setting.regulator[row]}
    lacking = [name for name in config.drivers if name not in rows]
    if lacking:
        raise TR300MError(f"no regulator is named {', '.join(lacking)}", "choose other `drivers`")
    profiles: tuple[ProbabilityMatrix, ...] = tuple(driver_matrix(name) for name in config.drivers)
    here = setting.here
    hits = np.zeros((len(here), len(profiles)))
    thresholds = np.empty(len(profiles))
    for column, profile in enumerate(profiles):
        best = best_scores(setting.windows[here], profile)
        coding = best[setting.coding[here]]
        thresholds[column] = np.quantile(coding, 1 - config.planted)
        hits[here, column] = _logistic(
            HIT_SLOPE * (best - thresholds[column]) / max(float(coding.std()), MIN_DEVIATION)
        )
    index = np.array([rows[name] for name in config.drivers])
    hits[index] = 0  # drivers act on others, never on each other
    size = config.effect * config.rng("levels", 1).uniform(0.7, 1.3, size=len(profiles))
    effect = size * np.where(np.arange(len(profiles)) % 3 == 2, -1.0, 1.0)
    return Drivers(config.drivers, profiles, index, effect, thresholds), hits


def _openness(config: SimulationConfig, setting: _Setting, drivers: Drivers) -> Floats:
    """Return how open each gene's promoter is in each cell: [gene, cell], 0 to 1, NaN without sequence.

    Genes with the same or nearly the same TSS share it, as head-to-head genes share chromatin; otherwise a neighbour's
    peak in a closed gene's window would make histones misleading. PAR copies on chrY are closed, because reads are
    placed on chrX.
    """
    rng = config.rng("openness")
    genes, here = setting.genes, setting.here
    proximal = setting.windows[:, -PROXIMAL_GC:]
    content = np.isin(proximal, (1, 2)).sum(axis=1) / np.maximum((proximal < 4).sum(axis=1), 1)
    centred = (content - content[here].mean()) / max(float(content[here].std()), MIN_DEVIATION)
    logit = rng.normal(0, config.propensity_spread, size=len(genes)) + config.gc_weight * centred
    logit -= NONCODING_PENALTY * ~setting.coding
    by_cell = logit[:, None] + rng.normal(0, config.cell_spread, size=(len(genes), len(CELLS)))
    openness = _logistic(by_cell)
    group = _neighbours(genes)
    openness = openness[group]
    openness[np.isin(group, group[drivers.rows])] = DRIVER_OPENNESS
    openness[[gene.gene_id.endswith(PAR_Y) for gene in genes]] = 0
    openness[~here] = np.nan
    return openness


def _neighbours(genes: list[Gene]) -> Ints:
    """Return for each gene a row that stands for all genes whose TSS follow each other within `SAME_PROMOTER`."""
    group = np.arange(len(genes))
    order = sorted(range(len(genes)), key=lambda row: (genes[row].chromosome, genes[row].tss))
    for left, right in itertools.pairwise(order):
        near = genes[right].tss - genes[left].tss <= SAME_PROMOTER
        if near and genes[left].chromosome == genes[right].chromosome:
            group[right] = group[left]
    return group


def _log_expression(
    config: SimulationConfig,
    setting: _Setting,
    donor_id: Strings,
    tissue: Ints,
    open_in_tissue: Floats,
    hits: Floats,
    drivers: Drivers,
) -> tuple[dict[str, Floats], Floats]:
    """Return the parts of log1p TPM, each [gene, sample], and the drivers' standardised levels [sample, driver]."""
    rng, noise_rng = config.rng("levels"), config.rng("noise")
    n_genes, n_samples, here = len(setting.genes), len(tissue), setting.here
    driver = np.zeros(n_genes, dtype=bool)
    driver[drivers.rows] = True
    elsewhere = ELSEWHERE_MEAN + ELSEWHERE_SPREAD * rng.normal(size=n_genes)
    elsewhere[driver] = ELSEWHERE_DRIVER
    elsewhere[[gene.chromosome == "chrM" for gene in setting.genes]] = MITOCHONDRIAL_MEAN
    base = np.where(here, config.base + BASE_SPREAD * rng.normal(size=n_genes) * ~driver, elsewhere)
    spread = np.where(driver, config.level_spread, np.where(here, 0.0, ELSEWHERE_TISSUE))
    own = spread[:, None] * rng.normal(size=open_in_tissue.shape)
    donors, donor = np.unique(donor_id, return_inverse=True)
    loading = rng.normal(size=n_genes)
    noise = noise_rng.normal(size=(n_genes, n_samples)) * np.where(driver, DRIVER_NOISE, config.noise)[:, None]
    parts: dict[str, Floats] = {
        "base": np.repeat(base[:, None], n_samples, axis=1),
        "openness": np.where(here[:, None], config.open_weight * open_in_tissue, 0.0)[:, tissue],
        "tissue": own[:, tissue],
        "donor": config.donor_spread * np.outer(loading, rng.normal(size=len(donors))[donor]),
        "noise": noise,
    }
    log_level = np.maximum(np.sum([part[drivers.rows] for part in parts.values()], axis=0), 0.0).T
    levels: Floats = (log_level - log_level.mean(axis=0)) / np.maximum(log_level.std(axis=0), MIN_DEVIATION)
    parts["regulation"] = (hits * drivers.effect) @ levels.T
    return parts, levels


def _logistic(values: Floats) -> Floats:
    return np.asarray(expit(values), dtype=np.float64)


def _tpm(genes: list[Gene], log_level: Floats) -> Floats:
    """Turn log1p TPM into TPM, exactly 0 below 0; PAR copies on chrY get a trickle of their twin's."""
    tpm = np.expm1(np.maximum(log_level, 0.0))
    row_of = {gene.gene_id: row for row, gene in enumerate(genes)}
    for row, gene in enumerate(genes):
        twin = row_of.get(gene.gene_id.removesuffix(PAR_Y))
        if gene.gene_id.endswith(PAR_Y) and twin is not None:
            tpm[row] = PAR_Y_SHARE * tpm[twin]
    return tpm


def _missing_gene(setting: _Setting) -> int:
    """Choose the coding gene that the expression file lacks: not a regulator, alone on its TSS."""
    sharing = Counter((gene.chromosome, gene.tss, gene.strand) for gene in setting.genes)
    fit = [
        row
        for row in np.flatnonzero(setting.here & setting.coding & ~setting.regulator).tolist()
        if PAR_Y not in (gene := setting.genes[row]).gene_id and sharing[gene.chromosome, gene.tss, gene.strand] == 1
    ]
    if not fit:
        raise TR300MError("no gene can be left out of the expression file", "simulate more genes")
    return int(fit[len(fit) // 2])


def _variance_shares(parts: dict[str, Floats], tpm: Floats) -> dict[str, dict[str, float]]:
    """Return how much of the variance each part makes, across gene means and across samples within genes."""
    total = np.log1p(tpm)
    expressed = total.mean(axis=1) > 0.5
    within = {name: float(part[expressed].var(axis=1).mean()) for name, part in parts.items() if name != "base"}
    r = float(np.corrcoef(parts["openness"].mean(axis=1), total.mean(axis=1))[0, 1])
    return {
        "across_genes": {"squared_correlation_of_openness_and_mean_log_tpm": round(r * r, 4)},
        "across_samples_of_expressed_genes": {
            name: round(value / max(sum(within.values()), MIN_DEVIATION), 4) for name, value in within.items()
        },
    }
