"""Build motif kernels, the map from regulators to motif columns, and the level of each column."""

import sys

import numpy as np
from tr300m.arrays import motifs
from tr300m.base.array_files import save_array
from tr300m.base.axes import Regulators
from tr300m.base.job import job
from tr300m.dataset.tf_levels import tf_levels

with job(snakemake.log[0]):
    # The released arrays have one motif column more than there are profiles.
    spare = 1 if snakemake.params.edition == "release" else 0
    regulators = Regulators.read(snakemake.input.regulators)
    profiles = motifs.motif_columns(motifs.human_profiles(), regulators)
    core_profiles = motifs.core_profiles()
    axis = motifs.motif_axis(profiles, spare)
    mapping = motifs.motif_map(regulators, axis)
    print(f"{len(profiles):,} profiles of {int(mapping.any(axis=1).sum()):,} regulators", file=sys.stderr)
    axis.write(snakemake.output.motifs)
    motifs.motif_axis(core_profiles).write(snakemake.output.core_motifs)
    save_array(snakemake.output.pssm, motifs.kernels(profiles, motifs.TF_WIDTH, spare))
    save_array(snakemake.output.core, motifs.kernels(core_profiles, motifs.CORE_WIDTH))
    save_array(snakemake.output.motif_map, mapping)
    save_array(snakemake.output.tf_levels, tf_levels(np.load(snakemake.input.levels), mapping))
