"""Encode the promoter windows."""

from tr300m.axes import Genes
from tr300m.io import save_array
from tr300m.job import job
from tr300m.sequence import onehot_windows

with job(snakemake.log[0]):
    save_array(snakemake.output.onehot, onehot_windows(snakemake.input.fasta, Genes.read(snakemake.input.genes)))
