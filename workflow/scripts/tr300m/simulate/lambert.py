"""Simulate the list of human regulators, in the format of DatabaseExtract_v_1.01.csv of Lambert et al. 2018."""

import csv
from pathlib import Path

from ..base.files import atomic_path
from ..config.simulation import SimulationConfig
from .formats import read_genes
from .regulators import ABSENT_REGULATORS, PAR_REGULATORS, PSEUDOGENE_REGULATOR, REGULATORS, Regulator

# The header of the real file, including trailing spaces.
LAMBERT_COLUMNS = (
    "number",
    "Ensembl ID",
    "HGNC symbol",
    "DBD",
    "Is TF?",
    "TF assessment",
    "Binding mode",
    "Motif status",
    "Final Notes",
    "Final Comments",
    "Interpro ID(s)",
    "EntrezGene ID",
    "EntrezGene Description",
    "PDB ID",
    "TF tested by HT-SELEX?",
    "TF tested by PBM?",
    "Conditional Binding Requirements ",
    "Original Comments",
    "Vaquerizas 2009 classification",
    "CisBP considers it a TF?",
    "TFCat classification",
    "Is a GO TF?",
    "Initial assessment ",
    "Curator 1",
    "Curator 2",
    "TFclass considers it a TF? ",
    "Go Evidence",
    "Pfam Domains (By ENSP ID)",
    "Is C2H2 ZF(KRAB)?",
)


def simulate_lambert(config: SimulationConfig, gtf: Path | str, out: Path | str) -> None:
    """Write a CSV with the regulators of an annotation and two that it lacks.

    One of the two has no Ensembl ID. Fields that are not used are ``None``, as in the real file; some contain commas.

    Parameters
    ----------
    config
        Settings of the simulation; not used.
    gtf
        The simulated annotation.
    out
        CSV to write.
    """
    present = {gene.stable_id for gene in read_genes(gtf)}
    known = (*REGULATORS, PSEUDOGENE_REGULATOR, *PAR_REGULATORS)
    rows = sorted([row for row in known if row.gene_id in present], key=lambda row: (row.domain, row.symbol))
    with atomic_path(out) as temporary, open(temporary, "w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(LAMBERT_COLUMNS)
        for number, row in enumerate((*rows, *ABSENT_REGULATORS)):
            writer.writerow(_fields(number, row))


def _fields(number: int, row: Regulator) -> list[str]:
    values = dict.fromkeys(LAMBERT_COLUMNS, "None")
    values |= {
        "number": str(number),
        "Ensembl ID": row.gene_id,
        "HGNC symbol": row.symbol,
        "DBD": row.domain,
        "Is TF?": row.is_tf,
        "TF assessment": "Known motif" if row.is_tf == "Yes" else "Unlikely to be sequence specific TF",
        "Motif status": "No motif" if row.is_tf == "No" else "High-throughput in vitro",
        "EntrezGene Description": f"{row.symbol}, simulated line [Source:HGNC Symbol]",
        "Initial assessment ": "1a1, Direct HQ evidence" if row.is_tf == "Yes" else "None",
    }
    return list(values.values())
