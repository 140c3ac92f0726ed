"""Encode the promoter windows."""

from tr300m.arrays.sequence import onehot_windows
from tr300m.base.array_files import save_array
from tr300m.base.axes import Genes
from tr300m.base.job import job

with job(snakemake.log[0]):
    save_array(snakemake.output.onehot, onehot_windows(snakemake.input.fasta, Genes.read(snakemake.input.genes)))
