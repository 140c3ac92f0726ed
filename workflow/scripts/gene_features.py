"""One kind of simple features of every gene."""

from pathlib import Path

from tr300m.base.array_files import save_array
from tr300m.base.job import job
from tr300m.dataset.dataset import Dataset
from tr300m.features.gene_features import gene_features

with job(snakemake.log[0]):
    dataset = Dataset.open(Path(snakemake.input.manifest).parent)
    save_array(snakemake.output.features, gene_features(dataset, snakemake.wildcards.feature))
