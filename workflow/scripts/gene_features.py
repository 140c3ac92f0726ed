"""One kind of simple features of every gene."""

from pathlib import Path

from tr300m.dataset import Dataset
from tr300m.features import gene_features
from tr300m.io import save_array
from tr300m.job import job

with job(snakemake.log[0]):
    dataset = Dataset.open(Path(snakemake.input.manifest).parent)
    save_array(snakemake.output.features, gene_features(dataset, snakemake.wildcards.feature))
