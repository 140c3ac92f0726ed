"""Scan the promoter windows for all motifs, once."""

from pathlib import Path

from tr300m.base.job import job
from tr300m.dataset.dataset import Dataset
from tr300m.features.scan_cache import write_scan_table

with job(snakemake.log[0]):
    write_scan_table(Dataset.open(Path(snakemake.input.manifest).parent), Path(snakemake.output.pooled).parent)
