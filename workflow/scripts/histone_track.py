"""Read one histone track over the promoter windows."""

from tr300m.axes import Genes
from tr300m.histones import track_windows
from tr300m.io import save_array
from tr300m.job import job

with job(snakemake.log[0]):
    save_array(snakemake.output.windows, track_windows(snakemake.input.bigwig, Genes.read(snakemake.input.genes)))
