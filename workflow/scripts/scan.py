"""Scan the promoter windows for all motifs, once."""

from pathlib import Path

from tr300m.base.job import job
from tr300m.dataset.dataset import Dataset
from tr300m.features.scan_cache import write_scan_table

with job(snakemake.log[0]):
    dataset = Dataset.open(Path(snakemake.input.manifest).parent)
    params = snakemake.params
    write_scan_table(dataset, Path(snakemake.output.pooled).parent, params.schedule, both_strands=params.both_strands)
