"""`tr300m variants`."""

from pathlib import Path

import click

from ..base.errors import TR300MError
from ..cli_options import HomePath
from .common import (
    Asked,
    header,
    table_to,
    with_contexts,
    with_dataset,
    with_histones,
    with_out,
    with_runs,
    with_split,
)

VCF_SUFFIXES = (".vcf", ".vcf.gz")


@click.command("variants")
@with_runs
@with_dataset
@click.argument("vcf", type=HomePath())
@click.option("--genome", required=True, type=HomePath(), help="FASTA that the dataset was built from.")
@with_contexts
@with_histones
@click.option("--swap", is_flag=True, help="Also score variants whose ALT, not REF, is what the genome has.")
@click.option(
    "--percentile",
    is_flag=True,
    help="Compare each effect with those of all single-base changes of its promoter: thousands of predictions a gene.",
)
@with_split
@with_out
def variants_command(
    runs: list[Path],
    dataset: Path,
    vcf: Path,
    genome: Path,
    tissues: tuple[str, ...],
    samples: tuple[str, ...],
    levels: Path | None,
    levels_tissue: str,
    histones: str,
    swap: bool,
    percentile: bool,
    split: Path | None,
    out: Path | None,
) -> None:
    """Score the variants of a VCF, plain or gzip, in the promoters of the dataset's genes.

    A row of the result is an ALT in the promoter window of a gene and in a context. `log2fc` is log2((TPM of ALT + 1)
    / (TPM of REF + 1)). The column `status` says why a row has no scores. With --out FILE.vcf or FILE.vcf.gz the
    result is the VCF with an INFO field TR300M; otherwise it is a table.

    Not for personal genomes: genotypes are not read, each allele is scored by itself, and models of this kind explain
    little of how expression differs between people and often get the direction wrong. Do not use the scores for
    diagnosis, or to compare people.

    \b
    Examples:
      tr300m variants results/demo/runs/seq_tf results/demo/dataset mine.vcf.gz --genome genome.fa --tissue Liver
      tr300m variants RUN,RUN DATASET mine.vcf.gz --genome hg38.fa --tissue all --percentile --out scores.vcf.gz
    """
    from ..arrays.genome import Genome
    from ..use.predictor import Predictor
    from ..use.variant_rows import INFO_KEY, info_header
    from ..use.variants import score_variants, write_variants
    from ..use.vcf import Vcf

    file = Vcf.open(vcf)
    as_vcf = out is not None and out.name.endswith(VCF_SUFFIXES)
    if out is not None and not as_vcf and out.suffix != ".tsv":
        raise TR300MError(f"cannot write {out}", "its name must end in .tsv, .vcf or .vcf.gz")
    if out is not None and out.exists() and out.samefile(vcf):
        raise TR300MError(f"{out} is the VCF that is read", "give another name for the result")
    if as_vcf and INFO_KEY in file.fields:
        raise TR300MError(
            f"{vcf} has the INFO field {INFO_KEY} already", f"remove it: bcftools annotate -x INFO/{INFO_KEY} {vcf}"
        )
    with Genome(genome) as bases:
        predictor = Predictor.open(runs, dataset, split)
        contexts = Asked(tissues, samples, levels, levels_tissue).of(predictor)
        scored = score_variants(predictor, file, bases, contexts, histones=histones, swap=swap, percentile=percentile)
    notes = [*header(predictor), *(f"# {note}" for note in scored.notes)]
    if out is not None and as_vcf:
        file.annotate(out, info_header(notes), INFO_KEY, ([row.info() for row in rows] for rows in scored.rows()))
    else:
        with table_to(out) as handle:
            if out is not None:
                handle.writelines(f"{line}\n" for line in notes)
            write_variants(handle, scored)
    click.echo(f"{vcf}: {scored.notes[0]}", err=True)
