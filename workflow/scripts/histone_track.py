"""Read one histone track over the promoter windows."""

from tr300m.axes import Genes
from tr300m.builds import read_lengths
from tr300m.histones import silent_chromosomes, track_windows
from tr300m.io import save_array, write_tsv
from tr300m.job import job

with job(snakemake.log[0]):
    genes, genome = Genes.read(snakemake.input.genes), read_lengths(snakemake.input.index)
    windows = track_windows(snakemake.input.bigwig, genes, genome)
    silent = silent_chromosomes(genes, windows)
    save_array(snakemake.output.windows, windows)
    write_tsv(snakemake.output.silent, {"chromosome": list(silent), "genes": list(silent.values())})
