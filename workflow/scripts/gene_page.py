"""Write the page about one gene."""

from pathlib import Path

from tr300m.base.files import atomic_path
from tr300m.base.gpu_locks import take_gpus
from tr300m.base.job import job
from tr300m.results.report.gene_page import gene_page
from tr300m.use.file_header import file_header
from tr300m.use.gene_view import gene_view, planted_text
from tr300m.use.predictor import Predictor

with job(snakemake.log[0]):
    # Before a network is opened, which imports Keras.
    take_gpus(snakemake.resources.gpu)
    given, runs = snakemake.input, Path(snakemake.input.runs[0]).parents[1]
    predictor = Predictor.open(
        [runs / name for name in snakemake.params.names], Path(given.manifest).parent, given.split
    )
    found = gene_view(predictor, snakemake.wildcards.gene)
    planted = planted_text(Path(given.truth[0]).parent, found) if given.truth else ""
    page = gene_page(found, file_header(predictor, "made by rule gene_page"), planted)
    with atomic_path(snakemake.output.page) as temporary:
        temporary.write_text(page, encoding="utf-8")
