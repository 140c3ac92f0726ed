"""Stack the histone tracks to one array."""

from tr300m.histones import stack_tracks, track_axis
from tr300m.job import job

with job(snakemake.log[0]):
    stack_tracks(snakemake.input.tracks, snakemake.output.histones)
    track_axis().write(snakemake.output.tracks)
