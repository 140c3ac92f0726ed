"""Stack the histone tracks to one array."""

from pathlib import Path

import numpy as np
from tr300m.histones import stack_tracks, track_axis
from tr300m.io import atomic_path
from tr300m.job import job

with job(snakemake.log[0]):
    tracks = [Path(path) for path in snakemake.input.tracks]
    genes, window = np.load(tracks[0], mmap_mode="r").shape
    with atomic_path(snakemake.output.histones) as path:
        out = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(genes, window, len(tracks)))
        stack_tracks(tracks, out)
        out.flush()
    track_axis().write(snakemake.output.tracks)
