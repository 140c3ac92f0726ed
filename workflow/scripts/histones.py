"""Stack the histone tracks to one array, and collect the chromosomes on which they show nothing."""

from tr300m.arrays.histones import stack_tracks
from tr300m.base.axes import Tracks
from tr300m.base.files import read_tsv, write_tsv
from tr300m.base.job import job

with job(snakemake.log[0]):
    stack_tracks(snakemake.input.tracks, snakemake.output.histones)
    axis = Tracks.of(snakemake.params.tracks)
    axis.write(snakemake.output.tracks)
    rows = [
        (mark, cell, chromosome, genes)
        for mark, cell, path in zip(axis.mark, axis.cell, snakemake.input.silent, strict=True)
        for chromosome, genes in zip(*read_tsv(path).values(), strict=True)
    ]
    names = ("mark", "cell", "chromosome", "genes")
    write_tsv(snakemake.output.silent, {name: [row[place] for row in rows] for place, name in enumerate(names)})
