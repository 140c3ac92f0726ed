"""Build the sample axis, with donors and tissues."""

import sys

from tr300m.arrays.matrix_formats import open_matrix
from tr300m.arrays.samples import SampleColumns, choose_samples, donor_axis, sample_axis, tissue_onehot
from tr300m.base.array_files import save_array
from tr300m.base.files import read_list, write_tsv
from tr300m.base.job import job

with job(snakemake.log[0]):
    matrix, columns = open_matrix(snakemake.input.expression), SampleColumns(**snakemake.params.columns)
    samples = sample_axis(matrix.sample_ids, snakemake.input.get("attributes") or None, columns)
    if snakemake.input.get("wanted"):
        samples = choose_samples(samples, read_list(snakemake.input.wanted))
    donors = donor_axis(samples, snakemake.input.get("phenotypes") or None)
    tissues, onehot = tissue_onehot(samples.tissue)
    print(f"{len(samples):,} samples of {len(donors):,} donors in {len(tissues)} tissues", file=sys.stderr)
    samples.write(snakemake.output.samples)
    donors.write(snakemake.output.donors)
    write_tsv(snakemake.output.tissues, {"tissue": tissues})
    save_array(snakemake.output.tissue, onehot)
