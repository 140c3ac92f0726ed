"""Read one track in the bins around each TSS, and over the body of each gene if that is asked for."""

from tr300m.arrays.gene_body import body_marks, body_ranges
from tr300m.arrays.genes import GeneRecords
from tr300m.arrays.genome_builds import read_lengths
from tr300m.arrays.wide import mark_bins, wide_mark_means
from tr300m.base.array_files import save_array
from tr300m.base.axes import Genes
from tr300m.base.job import job

with job(snakemake.log[0]):
    genes, genome = Genes.read(snakemake.input.genes), read_lengths(snakemake.input.index)
    options = snakemake.params
    bins, track = mark_bins(options.edges), snakemake.input.track
    save_array(snakemake.output.means, wide_mark_means(track, genes, bins, genome, options.reader, options.strict))
    if snakemake.input.records:
        ranges = body_ranges(genes, GeneRecords.read(snakemake.input.records))
        marks = body_marks(track, genes, ranges, genome, options.reader, options.strict)
        save_array(snakemake.output.body, marks)
