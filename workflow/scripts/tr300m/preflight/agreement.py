"""Checks of the user's files: whether they can be read, belong together, and allow the splits."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from ..arrays.agreement import genome_agrees, regulators_agree
from ..arrays.genes import CHROMOSOMES
from ..arrays.signals import check_signal
from ..base.axes import Genes, Samples
from ..base.errors import TR300MError
from ..config.settings import Settings
from ..config.track_table import TrackRow
from ..dataset.split_schemes import draw_split, scheme_settings
from .axes import axis_lengths, gene_axis, sample_axis_of
from .check import Check
from .sources import existing_file


def check_tracks(settings: Settings) -> list[Check]:
    """Check the tracks that are the user's files: all lines of text files, the beginning of the others."""
    own = [track for track in settings.tracks if settings.locations[track.key].kind == "local"]
    return [_check_track(settings, track) for track in own if Path(settings.source_path(track.key)).is_file()]


def _check_track(settings: Settings, track: TrackRow) -> Check:
    try:
        check_signal(settings.source_path(track.key), track.reader, settings.config["strict_tracks"])
    except TR300MError as error:
        return Check(f"track {track.name}", None, "cannot be read", f"{error.message}; {error.hint}")
    return Check(f"track {track.name}", None, f"a {track.reader}")


def check_agreement(settings: Settings) -> list[Check]:
    """Check files of the user's against each other: genome, regulators and motifs against the annotation."""
    gtf, edition = existing_file(settings, "annotation"), settings.config["edition"]
    fasta, regulators = existing_file(settings, "genome"), existing_file(settings, "regulators")
    checks = []
    if gtf and fasta and settings.own_checksums("annotation", "genome"):
        of_release = None if settings.takes_chromosomes_of_genome else CHROMOSOMES
        wanted = settings.config["chromosomes"] or of_release
        checks.append(_try("annotation, genome", partial(genome_agrees, gtf, fasta, wanted, edition)))
    if gtf and regulators and (settings.own_checksums("annotation", "regulators") or settings.motifs.changed):
        agree = partial(regulators_agree, gtf, regulators, settings.motifs, edition)
        checks.append(_try("annotation, regulators, motifs", agree))
    return checks


def _try(what: str, check: Callable[[], str]) -> Check:
    try:
        return Check(what, None, check())
    except TR300MError as error:
        return Check(what, None, "do not fit", f"{error.message}; {error.hint}" if error.hint else error.message)


def check_splits(settings: Settings) -> list[Check]:
    """Draw each split of the runs, on the axes of the existing files, otherwise on axes of the largest length."""
    lengths = axis_lengths(settings)
    try:
        genes, samples = gene_axis(settings, lengths["gene"]), sample_axis_of(settings, lengths["sample"])
    except TR300MError as error:
        return [Check("genes, samples", None, "cannot be read", str(error).replace("\nHint: ", "; "))]
    return [_check_split(settings, name, genes, samples) for name in settings.selection.splits_in_use]


def _check_split(settings: Settings, name: str, genes: Genes, samples: Samples) -> Check:
    what = f"split {name}"
    if name == "tissue" and (samples.tissue == "").all():
        return Check(what, None, "not checked: needs the sample table")
    try:
        split = draw_split(name, genes, samples, scheme_settings(name, settings.split))
    except TR300MError as error:
        return Check(what, None, "cannot be drawn", f"{error.message}; {error.hint}")
    held_out = "no" if split.shares_samples else f"{len(split.held_out_samples):,}"
    return Check(what, None, f"{len(split.held_out_genes):,} genes, {held_out} samples held out")
