"""Predict one part of the split with a trained run, or those of its pairs that read the gene's own TPM, without it."""

from pathlib import Path

from tr300m.backend import use_backend
from tr300m.job import job

with job(snakemake.log[0]):
    # Before anything imports Keras.
    use_backend(snakemake.resources.backend, device=snakemake.resources.device)

    from tr300m.controls import apply_control
    from tr300m.dataset import Dataset
    from tr300m.inputs import inputs_without_own_level, model_inputs
    from tr300m.io import read_json, save_arrays
    from tr300m.levels import regulator_genes
    from tr300m.predict import predict
    from tr300m.scan import ScanTable
    from tr300m.splits import Split

    dataset = Dataset.open(Path(snakemake.input.manifest).parent)
    split = Split.read(snakemake.input.split, dataset.genes, dataset.samples)
    record = read_json(snakemake.input.record)
    pairs = split.pairs(snakemake.wildcards.part)
    if snakemake.params.own_tf_zeroed:
        genes = dataset.genes
        own = regulator_genes(genes.gene_id, genes.merged, dataset.regulators.gene_id, dataset.motif_map)
        pairs = pairs[own[pairs[:, 0]]]
    predictions = predict(
        apply_control(dataset, record["control"], record["seed"]),
        pairs,
        Path(snakemake.input.record).parent,
        scan=ScanTable.open(Path(snakemake.input.scan[0]).parent) if snakemake.input.scan else None,
        threads=snakemake.threads,
        gather=inputs_without_own_level if snakemake.params.own_tf_zeroed else model_inputs,
    )
    save_arrays(snakemake.output.predictions, predictions)
