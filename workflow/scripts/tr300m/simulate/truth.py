"""The planted truth: openness of promoters, effects of regulators, and the expression that follows from them.

The log1p TPM of gene g in sample s is the maximum of 0 and

    base_g + open_weight * open[g, tissue of s] + sum over drivers k of effect_k * hit[g, k] * level[s, k]
           + donor effect + noise

`open`, between 0 and 1, is the mean over the tissue's mix of seven cells. `hit`, between 0 and 1, follows from the best
score of the motif of driver k in the promoter of gene g, whether the site was planted or not. `level` is the log TPM of
driver k, standardised over samples. Annotation and genome may be simulated or real. Genes without sequence (regulators
on other chromosomes) get an independent expression.
"""

import itertools
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.special import logit as logit_function

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
HIT_SLOPE = 4.0  # slope of a hit at its threshold, per standard deviation of the best score
SAME_PROMOTER = 1_500  # largest distance of neighbouring TSS (bp)
PAR_Y_SHARE = 0.05  # share of the chrX copy's TPM that misplaced reads give the chrY copy
PROXIMAL_GC = 1_000  # bp at the TSS end of the window whose GC content affects openness
# log1p TPM of genes without sequence: mean and spread over genes, spread over tissues, and two fixed means.
ELSEWHERE_MEAN, ELSEWHERE_SPREAD, ELSEWHERE_TISSUE = 1.5, 1.0, 0.5
ELSEWHERE_DRIVER, MITOCHONDRIAL_MEAN = 4.0, 9.0
MIN_DEVIATION = 1e-6  # keeps divisions by a standard deviation finite


class _Setting(NamedTuple):
    """Genes that the truth is computed for; arrays are [gene]."""

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
    """Compute the planted truth and write it to a folder (`truth_files.write_truth` lists the files).

    Parameters
    ----------
    config
        Settings of the simulation; only `chromosomes` of the genome are used.
    gtf, genome, lambert, sample_attributes
        Annotation (GTF), FASTA, regulator list (CSV) and sample table (TSV), simulated or real, plain or gzip.
    out_dir
        Folder to write.

    Raises
    ------
    TR300MError
        If an input lacks a driver, all chromosomes, or all samples.
    """
    samples = read_samples(sample_attributes, config.samples)
    setting = _read_setting(config, gtf, genome, read_regulator_ids(lambert))
    if not (setting.here & setting.coding).any() or not len(samples.sample_id):
        raise TR300MError("no gene or no RNA-seq sample to simulate", "check `chromosomes` and the sample table")
    write_truth(out_dir, compute_truth(config, setting, samples))


def compute_truth(config: SimulationConfig, setting: _Setting, samples: SampleTable) -> Truth:
    """Compute the planted truth without reading or writing files."""
    drivers, hits = _drivers(config, setting)
    openness, residual, content = _openness(config, setting, drivers)
    tissues = sorted(set(samples.tissue.tolist()))
    mix = tissue_cells(config, tissues)
    tissue = np.searchsorted(tissues, samples.tissue)
    terms, levels, scale = _log_expression(config, setting, samples.donor, tissue, openness @ mix.T, hits, drivers)
    tpm = _tpm(setting.genes, sum(terms.values(), np.zeros((len(setting.genes), len(tissue)))))
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
        "gc_content": {"mean": float(content[0]), "sd": float(content[1]), "weight": config.gc_weight},
        "gene_missing_from_expression": setting.genes[missing].gene_id,
        "share_of_zeros": round(float((tpm[used] == 0).mean()), 4),
        "variance": _variance_shares({name: term[used] for name, term in terms.items()}, tpm[used]),
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
        level_mean=scale[0],
        level_spread=scale[1],
        openness=openness,
        openness_residual=residual,
        tissues=tissues,
        mix=mix,
        tpm=tpm.astype(np.float32),
        summary=summary,
    )


def _read_setting(config: SimulationConfig, gtf: Path | str, genome: Path | str, regulators: set[str]) -> _Setting:
    """Read the genes that have an expression row, and their windows."""
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
    """Return the drivers and their hits [gene, driver]; two of three drivers are activators.

    A hit is one half at the score that is exceeded in the share `planted` of the coding genes.
    """
    rows = {gene.name: row for row, gene in reversed(list(enumerate(setting.genes))) if setting.regulator[row]}
    lacking = [name for name in config.drivers if name not in rows]
    if lacking:
        raise TR300MError(f"no regulator is named {', '.join(lacking)}", "choose other `drivers`")
    profiles: tuple[ProbabilityMatrix, ...] = tuple(driver_matrix(name) for name in config.drivers)
    here = setting.here
    hits = np.zeros((len(here), len(profiles)))
    thresholds, spreads = np.empty(len(profiles)), np.empty(len(profiles))
    for column, profile in enumerate(profiles):
        best = best_scores(setting.windows[here], profile)
        coding = best[setting.coding[here]]
        thresholds[column] = np.quantile(coding, 1 - config.planted)
        spreads[column] = max(float(coding.std()), MIN_DEVIATION)
        hits[here, column] = hit_of_score(best, thresholds[column], spreads[column])
    index = np.array([rows[name] for name in config.drivers])
    hits[index] = 0  # drivers do not affect drivers
    size = config.effect * config.rng("levels", 1).uniform(0.7, 1.3, size=len(profiles))
    effect = size * np.where(np.arange(len(profiles)) % 3 == 2, -1.0, 1.0)
    return Drivers(config.drivers, profiles, index, effect, thresholds, spreads), hits


def hit_of_score(best: Floats, threshold: Floats | float, spread: Floats | float) -> Floats:
    """Return the hit, from 0 to 1, of a best score; `spread` is the standard deviation of best scores over genes."""
    return _logistic(HIT_SLOPE * (best - threshold) / spread)


def proximal_gc(windows: NDArray[np.uint8]) -> Floats:
    """Return the GC content of the TSS end of windows of base codes [gene]; unknown bases do not count."""
    proximal = windows[:, -PROXIMAL_GC:]
    return np.asarray(np.isin(proximal, (1, 2)).sum(axis=1) / np.maximum((proximal < 4).sum(axis=1), 1))


def _openness(
    config: SimulationConfig, setting: _Setting, drivers: Drivers
) -> tuple[Floats, Floats, tuple[float, float]]:
    """Return the openness of promoters in cells [gene, cell], from 0 to 1; NaN for genes without sequence.

    Also return the logit of openness without the term of each gene's own GC content [gene, cell], and the mean and the
    standard deviation of GC content over genes.

    Genes with nearly the same TSS have the same openness, as head-to-head genes share chromatin. Otherwise the peak of
    a neighbour in the window of a closed gene would make histone signal misleading. PAR genes on chrY are closed,
    because their reads are placed on chrX.
    """
    rng = config.rng("openness")
    genes, here = setting.genes, setting.here
    content = proximal_gc(setting.windows)
    mean, deviation = float(content[here].mean()), max(float(content[here].std()), MIN_DEVIATION)
    centred = (content - mean) / deviation
    logit = rng.normal(0, config.propensity_spread, size=len(genes)) + config.gc_weight * centred
    logit -= NONCODING_PENALTY * ~setting.coding
    by_cell = logit[:, None] + rng.normal(0, config.cell_spread, size=(len(genes), len(CELLS)))
    openness = _logistic(by_cell)
    group = _neighbours(genes)
    openness = openness[group]
    openness[np.isin(group, group[drivers.rows])] = DRIVER_OPENNESS
    openness[[gene.gene_id.endswith(PAR_Y) for gene in genes]] = 0
    openness[~here] = np.nan
    with np.errstate(divide="ignore"):
        residual = np.asarray(logit_function(openness)) - config.gc_weight * centred[:, None]
    return openness, residual, (mean, deviation)


def _neighbours(genes: list[Gene]) -> Ints:
    """Return the first row of the group of each gene; TSS in a group follow each other within `SAME_PROMOTER`."""
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
) -> tuple[dict[str, Floats], Floats, tuple[Floats, Floats]]:
    """Return the terms of log1p TPM [gene, sample] by name, and standardised levels of the drivers [sample, driver].

    Also return the mean and the standard deviation of the drivers' log levels over samples [driver].
    """
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
    terms: dict[str, Floats] = {
        "base": np.repeat(base[:, None], n_samples, axis=1),
        "openness": np.where(here[:, None], config.open_weight * open_in_tissue, 0.0)[:, tissue],
        "tissue": own[:, tissue],
        "donor": config.donor_spread * np.outer(loading, rng.normal(size=len(donors))[donor]),
        "noise": noise,
    }
    log_level = np.maximum(np.sum([term[drivers.rows] for term in terms.values()], axis=0), 0.0).T
    mean, deviation = log_level.mean(axis=0), np.maximum(log_level.std(axis=0), MIN_DEVIATION)
    levels: Floats = (log_level - mean) / deviation
    terms["regulation"] = (hits * drivers.effect) @ levels.T
    return terms, levels, (mean, deviation)


def _logistic(values: Floats) -> Floats:
    return np.asarray(expit(values), dtype=np.float64)


def _tpm(genes: list[Gene], log_level: Floats) -> Floats:
    """Return TPM, exactly 0 for negative log1p TPM; PAR genes on chrY get a small share of their twin's TPM."""
    tpm = np.expm1(np.maximum(log_level, 0.0))
    row_of = {gene.gene_id: row for row, gene in enumerate(genes)}
    for row, gene in enumerate(genes):
        twin = row_of.get(gene.gene_id.removesuffix(PAR_Y))
        if gene.gene_id.endswith(PAR_Y) and twin is not None:
            tpm[row] = PAR_Y_SHARE * tpm[twin]
    return tpm


def _missing_gene(setting: _Setting) -> int:
    """Return the coding gene that the expression file will lack; it is no regulator and shares its TSS with none."""
    sharing = Counter((gene.chromosome, gene.tss, gene.strand) for gene in setting.genes)
    fit = [
        row
        for row in np.flatnonzero(setting.here & setting.coding & ~setting.regulator).tolist()
        if PAR_Y not in (gene := setting.genes[row]).gene_id and sharing[gene.chromosome, gene.tss, gene.strand] == 1
    ]
    if not fit:
        raise TR300MError("no gene can be left out of the expression file", "simulate more genes")
    return int(fit[len(fit) // 2])


def _variance_shares(terms: dict[str, Floats], tpm: Floats) -> dict[str, dict[str, float]]:
    """Return the share of the variance that each term explains, across gene means and across samples of a gene."""
    total = np.log1p(tpm)
    expressed = total.mean(axis=1) > 0.5
    within = {name: float(term[expressed].var(axis=1).mean()) for name, term in terms.items() if name != "base"}
    r = float(np.corrcoef(terms["openness"].mean(axis=1), total.mean(axis=1))[0, 1])
    return {
        "across_genes": {"squared_correlation_of_openness_and_mean_log_tpm": round(r * r, 4)},
        "across_samples_of_expressed_genes": {
            name: round(value / max(sum(within.values()), MIN_DEVIATION), 4) for name, value in within.items()
        },
    }
