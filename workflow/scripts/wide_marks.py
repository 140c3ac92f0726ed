"""Stack the tracks in bins to one array, and those over gene bodies to another."""

from tr300m.arrays.histones import stack_tracks
from tr300m.arrays.wide import mark_bins
from tr300m.base.job import job

with job(snakemake.log[0]):
    stack_tracks(snakemake.input.tracks, snakemake.output.marks)
    if snakemake.input.bodies:
        stack_tracks(snakemake.input.bodies, snakemake.output.body)
    mark_bins(snakemake.params.edges).write(snakemake.output.bins)
