"""Build the sample axis, with donors and tissues."""

import sys
from pathlib import Path

from tr300m.expression import read_header
from tr300m.io import save_array, write_tsv
from tr300m.job import job
from tr300m.samples import choose_samples, donor_axis, sample_axis, tissue_onehot

with job(snakemake.log[0]):
    samples = sample_axis(read_header(snakemake.input.gct).sample_ids, snakemake.input.attributes)
    if snakemake.input.get("wanted"):
        samples = choose_samples(samples, Path(snakemake.input.wanted).read_text("utf-8").split())
    donors = donor_axis(samples, snakemake.input.phenotypes)
    tissues, onehot = tissue_onehot(samples.tissue)
    print(f"{len(samples):,} samples of {len(donors):,} donors in {len(tissues)} tissues", file=sys.stderr)
    samples.write(snakemake.output.samples)
    donors.write(snakemake.output.donors)
    write_tsv(snakemake.output.tissues, {"tissue": tissues})
    save_array(snakemake.output.tissue, onehot)
