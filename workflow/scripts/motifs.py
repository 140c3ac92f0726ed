"""Build motif kernels, the map from regulators to motif columns, and the level of each column."""

import sys

import numpy as np
from tr300m.arrays import motifs
from tr300m.arrays.genes import named
from tr300m.arrays.motif_links import MotifChoice, choose_motifs
from tr300m.base.array_files import save_array
from tr300m.base.axes import Regulators
from tr300m.base.files import write_tsv
from tr300m.base.job import job
from tr300m.dataset.tf_levels import tf_levels

with job(snakemake.log[0]):
    # The released arrays have one motif column more than there are profiles.
    spare = 1 if snakemake.params.edition == "release" else 0
    regulators = Regulators.read(snakemake.input.regulators)
    found = choose_motifs(MotifChoice(**snakemake.params.motifs), regulators)
    core_profiles = motifs.core_profiles()
    axis = motifs.motif_axis(found.profiles, spare)
    mapping = np.pad(found.links, [(0, 0), (0, spare)])
    without = regulators.gene_name[~mapping.any(axis=1)].tolist()
    print(f"{len(found.profiles):,} motifs of {len(regulators) - len(without):,} regulators", file=sys.stderr)
    if without:
        print(f"{len(without):,} regulators have no motif: {named(without)}", file=sys.stderr)
    if found.left_out:
        print(f"{len(found.left_out):,} motifs are left out: {named(list(found.left_out))}", file=sys.stderr)
    write_tsv(snakemake.output.left_out, {"name": list(found.left_out), "reason": list(found.left_out.values())})
    axis.write(snakemake.output.motifs)
    motifs.motif_axis(core_profiles).write(snakemake.output.core_motifs)
    save_array(snakemake.output.pssm, motifs.kernels(found.profiles, motifs.TF_WIDTH, spare))
    save_array(snakemake.output.core, motifs.kernels(core_profiles, motifs.CORE_WIDTH))
    save_array(snakemake.output.motif_map, mapping)
    save_array(snakemake.output.tf_levels, tf_levels(np.load(snakemake.input.levels), mapping))
