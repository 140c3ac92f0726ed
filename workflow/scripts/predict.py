"""Predict one part of the split with a trained run, or those of its pairs that read the gene's own TPM, without it."""

from pathlib import Path

from tr300m.base.job import job
from tr300m.model.backend import use_backend

with job(snakemake.log[0]):
    # Before anything imports Keras.
    use_backend(snakemake.resources.backend, device=snakemake.resources.device)

    from tr300m.base.array_files import save_arrays
    from tr300m.base.files import read_json
    from tr300m.dataset.dataset import Dataset
    from tr300m.dataset.permutations import apply_control
    from tr300m.dataset.splits import Split
    from tr300m.dataset.tf_levels import regulator_genes
    from tr300m.evaluation.predict import predict
    from tr300m.features.scan_cache import ScanTable

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
        zero_own_level=snakemake.params.own_tf_zeroed,
    )
    save_arrays(snakemake.output.predictions, predictions)
