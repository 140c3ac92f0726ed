"""Write the expression file (GCT 1.2) of a planted truth."""

from pathlib import Path

import numpy as np

from ..base.files import read_tsv
from ..base.progress import progress
from ..config.simulation import SimulationConfig
from .formats import gzip_writer


def simulate_gct(config: SimulationConfig, truth_dir: Path | str, out: Path | str) -> None:
    """Write the simulated expression as gzip-compressed GCT; TPM have four significant digits, as in GTEx.

    Rows are in the order of the annotation, columns in the order of the sample table. One gene is left out (column
    `in_expression` of ``genes.tsv``).

    Parameters
    ----------
    config
        Settings of the simulation; not used.
    truth_dir
        Folder written by `simulate_truth`.
    out
        GCT to write.
    """
    folder = Path(truth_dir)
    genes = read_tsv(folder / "genes.tsv")
    samples = read_tsv(folder / "samples.tsv")["sample_id"]
    tpm = np.load(folder / "expression.npy", mmap_mode="r")
    rows = np.flatnonzero(genes["in_expression"] == "1")
    pattern = "\t%.4g" * len(samples) + "\n"
    with gzip_writer(out, level=4) as handle:
        handle.write(f"#1.2\n{len(rows)}\t{len(samples)}\n")
        handle.write("\t".join(["Name", "Description", *samples.tolist()]) + "\n")
        for row in progress(rows.tolist(), total=len(rows), what="expression", unit="genes"):
            name, description = genes["gene_id"][row], genes["gene_name"][row]
            handle.write(f"{name}\t{description}" + pattern % tuple(tpm[row].tolist()))
