"""Variants scored by networks: against whole predictions of a dataset with the edited windows."""

# isort: off
from tr300m.model import devices  # noqa: F401 (sets the backend)

# isort: on
from dataclasses import replace
from pathlib import Path

import numpy as np
from helpers.forward import randomise
from helpers.toy_genome import GENES, WIDTH, genome_dataset, toy_chromosomes, toy_predictor, write_fasta
from tr300m.arrays.genome import Genome
from tr300m.config.architectures import Architecture
from tr300m.evaluation.predict import TrainedRun, predict_raw
from tr300m.model.inputs import own_units
from tr300m.model.likelihood.distributions import make_likelihood
from tr300m.model.network import NetworkConfig, build_model
from tr300m.use.contexts import Contexts, in_contexts
from tr300m.use.network_model import NetworkModel
from tr300m.use.variant_places import Placer, Windows
from tr300m.use.variants import score_variants
from tr300m.use.vcf import Vcf

CONFIG = NetworkConfig(
    length=WIDTH, schedule=((50, 6), (40, 2)), width=20, bottleneck=6, kernel_sizes=(5, 3), pool_blocks=(0,)
)
CHROMOSOMES = toy_chromosomes()


def test_scores_equal_whole_predictions(tmp_path: Path) -> None:
    fasta = write_fasta(tmp_path / "toy.fa", CHROMOSOMES)
    dataset = genome_dataset(fasta)
    architecture = Architecture.from_key("seq_tf_core_hm")
    likelihood = make_likelihood("nb_exponential")
    network = build_model(architecture, dataset, config=CONFIG, scanned=True, n_outputs=likelihood.n_outputs, seed=1)
    randomise(network, 2)
    run = TrainedRun(network, architecture, CONFIG, likelihood, own_units(dataset, architecture))
    model = NetworkModel.of("toy", run, dataset)

    text = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    for name, _, tss in GENES:
        for position in (tss - 30, tss - 12, tss + 8):
            if position <= len(CHROMOSOMES[name]) - 4:
                ref = CHROMOSOMES[name][position - 1 : position + 2]
                alts = [ref, ref[0], ref + "G", *(ref[0] + base + ref[2] for base in "ACGT" if base != ref[1])]
                text += f"{name}\t{position}\t.\t{ref}\t{','.join(alts)}\t.\t.\t.\n"
    vcf = tmp_path / "toy.vcf"
    vcf.write_text(text)
    contexts = Contexts.of_samples(dataset, ["S1", "S3"])
    with Genome(fasta) as genome:
        scored = score_variants(toy_predictor(dataset, model), Vcf.open(vcf), genome, contexts)
        placer = Placer(Windows.of(dataset.genes), genome)
        places = [place for place in scored.places.found if place.edit is not None]
        windows = np.stack([placer.edited(place.gene, place.edit) for place in places if place.edit is not None])
    rows = [row for record in scored.rows() for row in record if row.status == "ok"]
    query = in_contexts(dataset, contexts)
    genes = np.array([place.gene for place in places])
    pairs = np.stack([np.repeat(np.arange(len(places)), 2), np.tile(np.arange(2), len(places))], axis=1)
    whole = replace(query.take_genes(genes), onehot=windows)
    edited, native = (
        likelihood.mean(predict_raw(network, data, architecture, pairs, units=run.units, schedule=CONFIG.schedule))
        for data in (whole, query.take_genes(genes))
    )
    expected = np.log2((np.asarray(edited, float) + 1) / (np.asarray(native, float) + 1))
    found = np.array([row.log2fc for row in rows])
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert np.abs(expected).max() > 0.05
    unchanged = np.array([row.ref == row.alt for row in rows])
    assert unchanged.sum() >= 2 * len(GENES) and (found[unchanged] == 0).all()
