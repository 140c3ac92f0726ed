"""Genes and samples of a configuration as far as they are known: from the dataset, the source files, or by number."""

from pathlib import Path

import numpy as np

from ..arrays.absent_genes import drop_absent, is_release_data
from ..arrays.chromosome_names import choose_chromosomes
from ..arrays.expression_survey import checked_survey
from ..arrays.genes import CHROMOSOMES, choose_genes, read_gene_records, target_genes
from ..arrays.matrix_formats import open_matrix
from ..arrays.samples import SampleColumns, choose_samples, donor_of, sample_axis
from ..arrays.sequence import sequence_lengths
from ..base.axes import Genes, Samples
from ..base.errors import TR300MError
from ..base.files import read_list
from ..config.settings import Settings
from ..config.simulation import SimulationConfig
from ..config.source_table import Location
from ..dataset.splits import N_GENES, N_SAMPLES
from .sources import existing_file

# Lengths of axes that no configuration exceeds.
LENGTHS = {
    "base": 4,
    "regulator": 2_755,
    "motif": 1_072,
    "tissue": 54,
    "pssm_position": 35,
    "core_position": 13,
    "core_motif": 19,
}
# Protein-coding genes (GENCODE v26) of chr1, which has the most.
GENES_A_CHROMOSOME = 2_037
_COUNTS = (
    2035, 1236, 1071, 744, 881, 1035, 901, 668, 770, 727, 1276, 1033, 323, 613, 588, 857, 1183, 268, 1463, 539, 233,
    439, 840, 63,
)  # fmt: skip
RELEASE_GENES = dict(zip(CHROMOSOMES, _COUNTS, strict=True))
"""Target genes of the release's annotation, by chromosome."""


def axis_lengths(settings: Settings) -> dict[str, int]:
    """Return for each axis of the arrays the largest length that the configuration can give it."""
    config = settings.config
    lengths = {
        **LENGTHS,
        "window": settings.window.width,
        "gene": N_GENES,
        "sample": N_SAMPLES,
        "track": len(settings.tracks),
    }
    simulation = SimulationConfig.from_dict(config["simulation"])
    for axis, key in (("gene", "annotation"), ("sample", "expression")):
        if settings.locations[key].kind == "simulated":
            lengths[axis] = simulation.genes if axis == "gene" else simulation.samples
    lengths["sample"] = _columns(settings) or lengths["sample"]
    if settings.locations["samples"].kind == "none":
        lengths["tissue"] = lengths["sample"]
    if config["chromosomes"]:
        known = RELEASE_GENES if settings.locations["annotation"] == Location("upstream", "annotation") else {}
        most = sum(known.get(name, GENES_A_CHROMOSOME) for name in config["chromosomes"])
        lengths["gene"] = min(lengths["gene"], most)
    for axis, key in (("gene", "genes"), ("sample", "samples")):
        if config[key]:
            lengths[axis] = min(lengths[axis], len(read_list(config[key])))
    return lengths


def _columns(settings: Settings) -> int:
    """Return the number of samples of an existing expression file; 0 if it cannot be read, which is said elsewhere."""
    expression = existing_file(settings, "expression")
    try:
        return len(open_matrix(expression).sample_ids) if expression else 0
    except TR300MError:
        return 0


def known_axes(settings: Settings) -> tuple[Genes, Samples]:
    """Return genes and samples from the dataset folder if it has them, otherwise from the source files.

    Raises
    ------
    TR300MError
        If neither is there yet.
    """
    tables = [Path(settings.results, "dataset", f"{name}.tsv") for name in ("genes", "samples")]
    if all(path.is_file() for path in tables):
        return Genes.read(tables[0]), Samples.read(tables[1])
    needed = [key for key in ("annotation", "expression", "samples") if settings.locations[key].kind != "none"]
    missing = [key for key in needed if not existing_file(settings, key)]
    if missing:
        raise TR300MError(
            f"neither {tables[0].parent} nor the source files of {', '.join(missing)} are there yet",
            f"make the tables first: snakemake --cores 2 {' '.join(map(str, tables))}, with the same --configfile",
        )
    return gene_axis(settings, 0), sample_axis_of(settings, 0)


def gene_axis(settings: Settings, most: int) -> Genes:
    """Return the target genes if the annotation exists, otherwise `most` placeholders on the chromosomes in use."""
    wanted, gtf = settings.config["chromosomes"], existing_file(settings, "annotation")
    if gtf:
        records, in_genome = read_gene_records(gtf), None
        if settings.takes_chromosomes_of_genome:
            fasta = existing_file(settings, "genome")
            in_genome = sequence_lengths(fasta) if fasta else records.chromosome.tolist()
        names = choose_chromosomes(records, wanted, in_genome)
        edition, expression = settings.config["edition"], existing_file(settings, "expression")
        genes = target_genes(records, names, edition, settings.window)
        genes = choose_genes(genes, read_list(settings.config["genes"])) if settings.config["genes"] else genes
        if expression is None or is_release_data(edition, settings.own_checksums("expression", "annotation")):
            return genes
        survey = checked_survey(expression, records, settings.config["expression"]["unit"])
        return drop_absent(genes, survey.gene_ids, edition, expression)[0]
    number, text = np.arange(most, dtype=np.int64), np.full(most, "")
    chromosome = np.resize(np.array(wanted or CHROMOSOMES), most)
    return Genes(number.astype(np.str_), text, chromosome, text, number, number, number, text, number)


def sample_axis_of(settings: Settings, most: int) -> Samples:
    """Return the samples if the expression file exists, otherwise `most` placeholders of as many donors.

    Tissues and donors are those of the sample table, if it exists or there is none.
    """
    expression, table = existing_file(settings, "expression"), existing_file(settings, "samples")
    ids = open_matrix(expression).sample_ids if expression else [f"{number}" for number in range(most)]
    if expression and (table or settings.locations["samples"].kind == "none"):
        samples = sample_axis(ids, table, SampleColumns(**settings.config["sample_table"]))
    else:
        samples = Samples(np.array(ids), np.array([donor_of(name) for name in ids]), np.full(len(ids), ""))
    wanted = settings.config["samples"] if expression else None
    return choose_samples(samples, read_list(wanted)) if wanted else samples
