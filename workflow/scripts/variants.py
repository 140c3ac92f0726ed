"""Score the variants of a VCF."""

from pathlib import Path

from tr300m.arrays.genome import Genome
from tr300m.base.files import atomic_path
from tr300m.base.gpu_locks import take_gpus
from tr300m.base.job import job
from tr300m.use.file_header import file_header
from tr300m.use.predictor import Predictor
from tr300m.use.variants import score_variants, write_variants
from tr300m.use.vcf import Vcf

with job(snakemake.log[0]):
    # Before a network is opened, which imports Keras.
    take_gpus(snakemake.resources.gpu)
    given, runs = snakemake.input, Path(snakemake.input.runs[0]).parents[1]
    predictor = Predictor.open(
        [runs / name for name in snakemake.params.names], Path(given.manifest).parent, given.split
    )
    with Genome(given.genome) as bases:
        scored = score_variants(predictor, Vcf.open(given.vcf), bases, predictor.tissues(*snakemake.params.tissues))
    notes = [*file_header(predictor, "made by rule variants"), *(f"# {note}" for note in scored.notes)]
    with atomic_path(snakemake.output.table) as temporary, open(temporary, "w", encoding="utf-8") as handle:
        handle.writelines(f"{line}\n" for line in notes)
        write_variants(handle, scored)
