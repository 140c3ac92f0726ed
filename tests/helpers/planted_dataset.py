"""A tiny simulation as a dataset, with its planted truth beside it."""

from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

import numpy as np
from helpers.toy_dataset import Sizes, draw, write_dataset
from tr300m.base.axes import Genes, Motifs, Regulators, Samples
from tr300m.base.files import read_tsv
from tr300m.config.simulation import SimulationConfig
from tr300m.dataset.dataset import Dataset
from tr300m.simulate.annotation import simulate_gtf
from tr300m.simulate.driver_motifs import driver_matrix
from tr300m.simulate.formats import read_genes, read_genome, window_codes
from tr300m.simulate.genome import simulate_genome
from tr300m.simulate.lambert import simulate_lambert
from tr300m.simulate.samples import simulate_sample_attributes
from tr300m.simulate.truth import simulate_truth

CONFIG = SimulationConfig.from_dict(
    {"genes": 80, "regulators": 12, "samples": 24, "donors": 6, "chromosomes": ["chr1", "chrX", "chrY"]}
)
LETTERS = np.concatenate([np.eye(4), np.full((1, 4), 0.25), np.zeros((1, 4))]).astype(np.float16)


class PlantedDataset(NamedTuple):
    """The dataset and the folder of the planted truth."""

    dataset: Dataset
    truth: Path


@cache
def planted_dataset() -> PlantedDataset:
    """Simulate once; nothing may change the files."""
    folder = Path(mkdtemp())
    gtf, fasta, lambert, table = (folder / name for name in ("a.gtf.gz", "g.fa.gz", "tf.csv", "samples.txt"))
    truth = folder / "truth"
    simulate_gtf(CONFIG, gtf)
    simulate_lambert(CONFIG, gtf, lambert)
    simulate_sample_attributes(CONFIG, table)
    simulate_genome(CONFIG, gtf, fasta, truth)
    simulate_truth(CONFIG, gtf, fasta, lambert, table, truth)

    listed, tpm = read_tsv(truth / "genes.tsv"), np.load(truth / "expression.npy")
    records = {gene.gene_id: gene for gene in read_genes(gtf)}
    genome = read_genome(fasta, CONFIG.chromosomes)
    rows = np.flatnonzero((listed["has_sequence"] == "1") & (listed["gene_type"] == "protein_coding"))
    acting = np.flatnonzero(listed["regulator"] == "1")
    chosen = [records[name] for name in listed["gene_id"][rows].tolist()]
    starts, ends = np.array([gene.window for gene in chosen]).T
    samples = read_tsv(truth / "samples.tsv")
    tissues = np.unique(samples["tissue"])
    profiles = [driver_matrix(name) for name in CONFIG.drivers]
    pssm = np.zeros((35, 4, len(profiles)))
    for number, profile in enumerate(profiles):
        left = (35 - len(profile.scores)) // 2
        pssm[left : left + len(profile.scores), :, number] = profile.scores
    motif_map = listed["gene_name"][acting][:, None] == np.array(CONFIG.drivers)
    sizes = Sizes(genes=len(rows), samples=len(samples["sample_id"]), length=2823, regulators=len(acting), tissues=8)
    given = {
        "genes": Genes(
            listed["gene_id"][rows], listed["gene_name"][rows], listed["chromosome"][rows], listed["strand"][rows],
            listed["tss"][rows].astype(np.int64), starts, ends, np.full(len(rows), ""), np.arange(len(rows)),
        ),
        "regulators": Regulators(
            *(listed[name][acting] for name in ("gene_id", "gene_name", "chromosome", "strand")),
            listed["tss"][acting].astype(np.int64),
        ),
        "samples": Samples(samples["sample_id"], samples["donor_id"], samples["tissue"]),
        "motifs": Motifs(
            np.array([profile.matrix_id for profile in profiles]), np.array(CONFIG.drivers),
            np.array([len(profile.scores) for profile in profiles]), np.ones(len(profiles)),
        ),
        "tissues": tuple(tissues.tolist()),
        "tissue": (samples["tissue"][:, None] == tissues).astype(np.uint8),
        "onehot": LETTERS[np.stack([window_codes(genome, gene) for gene in chosen])],
        "expression": tpm[rows],
        "regulator_levels": tpm[acting].T.copy(),
        "motif_map": motif_map.astype(np.uint8),
        "pssm": pssm,
    }  # fmt: skip
    write_dataset(folder / "dataset", draw(sizes) | given)
    return PlantedDataset(Dataset.open(folder / "dataset"), truth)
