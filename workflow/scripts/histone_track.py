"""Read one histone track over the promoter windows."""

from tr300m.arrays.genome_builds import read_lengths
from tr300m.arrays.histones import silent_chromosomes, track_windows
from tr300m.base.array_files import save_array
from tr300m.base.axes import Genes
from tr300m.base.files import write_tsv
from tr300m.base.job import job

with job(snakemake.log[0]):
    genes, genome = Genes.read(snakemake.input.genes), read_lengths(snakemake.input.index)
    windows = track_windows(snakemake.input.track, genes, genome, snakemake.params.reader)
    silent = silent_chromosomes(genes, windows)
    save_array(snakemake.output.windows, windows)
    write_tsv(snakemake.output.silent, {"chromosome": list(silent), "genes": list(silent.values())})
