"""Check what a configuration needs before anything is downloaded: files, addresses, splits, disk, memory."""

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from .arrays.absent_genes import drop_absent, is_release_data
from .arrays.chromosome_names import choose_chromosomes
from .arrays.expression_survey import check_survey, check_unit, survey_expression
from .arrays.gene_lookup import GeneLookup
from .arrays.genes import CHROMOSOMES, choose_genes, read_gene_records, target_genes
from .arrays.matrix_formats import open_matrix
from .arrays.samples import SampleColumns, choose_samples, donor_of, sample_axis
from .arrays.sequence import sequence_names
from .base.axes import ARRAYS, Genes, Samples
from .base.errors import TR300MError
from .base.files import read_list
from .base.progress import progress
from .base.redaction import public
from .config.settings import UPSTREAM_FOLDER, Settings
from .config.simulation import SimulationConfig
from .dataset.split_schemes import draw_split, scheme_settings
from .dataset.splits import N_GENES, N_SAMPLES
from .features.pooling import pooled_length
from .sources.http import remote_size
from .sources.partial_file import PartialFile
from .sources.store import recorded

# Shorter than those of a download (seconds).
PROBE_TIMEOUTS = (5.0, 15.0)
ADDRESSES_AT_A_TIME = 8
# Lengths of axes that no configuration exceeds.
LENGTHS = {
    "base": 4,
    "regulator": 2_755,
    "motif": 1_072,
    "tissue": 54,
    "pssm_position": 35,
    "core_position": 13,
    "core_motif": 19,
}
# Protein-coding genes (GENCODE v26) and base pairs of chr1, which has the most of both.
GENES_A_CHROMOSOME, LONGEST_CHROMOSOME = 2_037, 248_956_422
GENOME = 3_100_000_000
# If more sources have the same problem, they are counted and not named.
_MOST_NAMES = 3
# The largest number of bytes per value in an array.
VALUE_BYTES = 4


@dataclass(frozen=True)
class Check:
    """Result of one check.

    Attributes
    ----------
    what
        What was checked: a source, a split, a disk or the memory.
    size
        Bytes that it has or needs, or None if unknown.
    state
        State that was found.
    problem
        Why the workflow would fail and what to do; empty if it would not fail.
    to_fetch
        Bytes that remain to be downloaded.
    """

    what: str
    size: int | None
    state: str
    problem: str = ""
    to_fetch: int = 0


def check_configuration(settings: Settings, timeouts: tuple[float, float] = PROBE_TIMEOUTS) -> list[Check]:
    """Check the sources, the splits, the disks and the memory that a configuration needs.

    Parameters
    ----------
    settings
        Settings, resolved without a check of local files, so that missing files are among the results.
    timeouts
        Longest wait for a connection to an address, and for its answer (seconds).
    """
    keys = [key for key, source in settings.sources.items() if source.needed or key in settings.config["sources"]]
    with ThreadPoolExecutor(ADDRESSES_AT_A_TIME) as pool:
        found = pool.map(partial(check_source, settings, timeouts=timeouts), keys)
        sources = list(progress(found, total=len(keys), what="checking the sources", unit="files"))
    fetched = {UPSTREAM_FOLDER: 0, f"{settings.results}/downloads": 0}
    for key, check in zip(keys, sources, strict=True):
        folder = str(Path(settings.source_path(key)).parent)
        fetched[folder] = fetched.get(folder, 0) + check.to_fetch
    needs = {**fetched, f"{settings.results}/": sum(missing_files(settings).values())}
    return [*sources, *check_splits(settings), *check_disks(needs), check_memory(settings)]


def check_source(settings: Settings, key: str, timeouts: tuple[float, float]) -> Check:
    """Check one source: the user's file, the downloaded file, or the addresses to download it from."""
    path, kind = Path(settings.source_path(key)), settings.locations[key].kind
    if kind in ("simulated", "none"):
        return Check(key, None, kind)
    if kind == "local":
        if path.is_file():
            return Check(key, path.stat().st_size, "your file")
        advice = "write the path of your file, a URL, `upstream` to download it, or `simulated`"
        return Check(key, None, "missing", f"{path} does not exist; {advice}")
    wanted = settings.download_of(path.name)
    if record := recorded(path, **wanted):
        return Check(key, record.size, "downloaded and verified")
    return _ask(key, path, wanted["urls"], wanted["size"], timeouts)


def _ask(key: str, path: Path, urls: Sequence[str], size: int | None, timeouts: tuple[float, float]) -> Check:
    failures: dict[str, str] = {}
    for url in urls:
        try:
            found = remote_size(url, timeouts)
            if size is not None and found not in (None, size):
                raise TR300MError(f"the server's file has {found:,} bytes, {size:,} expected")
            size = size or found
        except TR300MError as error:
            failures[url] = _reason(url, error)
    to_fetch = max((size or 0) - PartialFile.of(path).size(), 0)
    reasons = "; ".join(dict.fromkeys(failures.values()))
    if len(failures) == len(urls):
        advice = "check network and proxy, try later, or give your own copy: `sources: KEY: PATH`"
        return Check(key, size, "cannot be downloaded", f"{reasons}; {advice}", to_fetch)
    return Check(key, size, f"reachable (but: {reasons})" if failures else "reachable", "", to_fetch)


def _reason(url: str, error: TR300MError) -> str:
    """Return what is wrong with an address; what holds for its whole host names the host alone, once for all files."""
    host = str(urlsplit(url).hostname)
    return error.message if host in error.message else f"{public(url)}: {error.message}"


def axis_lengths(settings: Settings) -> dict[str, int]:
    """Return for each axis of the arrays the largest length that the configuration can give it."""
    config = settings.config
    lengths = {
        **LENGTHS,
        "window": settings.window.width,
        "gene": N_GENES,
        "sample": N_SAMPLES,
        "track": len(settings.tracks),
    }
    simulation = SimulationConfig.from_dict(config["simulation"])
    for axis, key in (("gene", "annotation"), ("sample", "expression")):
        if settings.locations[key].kind == "simulated":
            lengths[axis] = simulation.genes if axis == "gene" else simulation.samples
    if config["chromosomes"]:
        lengths["gene"] = min(lengths["gene"], GENES_A_CHROMOSOME * len(config["chromosomes"]))
    for axis, key in (("gene", "genes"), ("sample", "samples")):
        if config[key]:
            lengths[axis] = min(lengths[axis], len(read_list(config[key])))
    return lengths


def check_splits(settings: Settings) -> list[Check]:
    """Draw each split of the runs, on the axes of the existing files, otherwise on axes of the largest length."""
    lengths = axis_lengths(settings)
    try:
        genes, samples = _gene_axis(settings, lengths["gene"]), _sample_axis(settings, lengths["sample"])
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


def known_axes(settings: Settings) -> tuple[Genes, Samples]:
    """Return genes and samples from the dataset folder if it has them, otherwise from the source files.

    Raises
    ------
    TR300MError
        If neither is there yet.
    """
    tables = [Path(settings.results, "dataset", f"{name}.tsv") for name in ("genes", "samples")]
    if all(path.is_file() for path in tables):
        return Genes.read(tables[0]), Samples.read(tables[1])
    needed = [key for key in ("annotation", "expression", "samples") if settings.locations[key].kind != "none"]
    missing = [key for key in needed if not _existing_file(settings, key)]
    if missing:
        raise TR300MError(
            f"neither {tables[0].parent} nor the source files of {', '.join(missing)} are there yet",
            f"make the tables first: snakemake --cores 2 {' '.join(map(str, tables))}, with the same --configfile",
        )
    return _gene_axis(settings, 0), _sample_axis(settings, 0)


def _gene_axis(settings: Settings, most: int) -> Genes:
    """Return the target genes if the annotation exists, otherwise `most` placeholders on the chromosomes in use."""
    wanted, gtf = settings.config["chromosomes"], _existing_file(settings, "annotation")
    if gtf:
        records, in_genome = read_gene_records(gtf), None
        if settings.takes_chromosomes_of_genome:
            fasta = _existing_file(settings, "genome")
            in_genome = sequence_names(fasta) if fasta else records.chromosome.tolist()
        names = choose_chromosomes(records, wanted, in_genome)
        edition, expression = settings.config["edition"], _existing_file(settings, "expression")
        genes = target_genes(records, names, edition, settings.window)
        genes = choose_genes(genes, read_list(settings.config["genes"])) if settings.config["genes"] else genes
        if expression is None or is_release_data(edition, settings.own_checksums("expression", "annotation")):
            return genes
        matrix, lookup = open_matrix(expression), GeneLookup.of(records)
        survey = survey_expression(matrix, lookup)
        check_survey(survey, lookup, matrix.sample_ids)
        check_unit(survey, lookup)
        return drop_absent(genes, survey.gene_ids, edition, expression)[0]
    number, text = np.arange(most, dtype=np.int64), np.full(most, "")
    chromosome = np.resize(np.array(wanted or CHROMOSOMES), most)
    return Genes(number.astype(np.str_), text, chromosome, text, number, number, number, text, number)


def _sample_axis(settings: Settings, most: int) -> Samples:
    """Return the samples if the expression file exists, otherwise `most` placeholders of as many donors.

    Tissues and donors are those of the sample table, if it exists or there is none.
    """
    expression, table = _existing_file(settings, "expression"), _existing_file(settings, "samples")
    ids = open_matrix(expression).sample_ids if expression else [f"{number}" for number in range(most)]
    if expression and (table or settings.locations["samples"].kind == "none"):
        samples = sample_axis(ids, table, SampleColumns(**settings.config["sample_table"]))
    else:
        samples = Samples(np.array(ids), np.array([donor_of(name) for name in ids]), np.full(len(ids), ""))
    wanted = settings.config["samples"] if expression else None
    return choose_samples(samples, read_list(wanted)) if wanted else samples


def _existing_file(settings: Settings, key: str) -> Path | None:
    """Return the path of a source if it is the user's file or was downloaded; simulated files may be made again."""
    path, kind = Path(settings.source_path(key)), settings.locations[key].kind
    if kind == "simulated" or not path.is_file():
        return None
    return path if kind == "local" or recorded(path, **settings.download_of(path.name)) else None


def missing_files(settings: Settings) -> dict[str, int]:
    """Return the largest size in bytes of each large file that is still to be made, including temporary ones."""
    config, lengths = settings.config, axis_lengths(settings)
    results, names = Path(settings.results), list(ARRAYS)
    sizes = {f"dataset/{name}.npy": prod(lengths[axis] for axis in ARRAYS[name].axes) * VALUE_BYTES for name in names}
    if any(run.scan == "cached" for run in settings.selection.runs.values()):
        # The scores are float16.
        motifs = lengths["motif"] + lengths["core_motif"]
        sizes["scan/pooled.npy"] = lengths["gene"] * pooled_length(settings.network["schedule"]) * motifs * 2
    missing = {name: size for name, size in sizes.items() if not (results / name).is_file()}
    if "dataset/histones.npy" in missing:
        missing["histones/"] = missing["dataset/histones.npy"]
    if "dataset/onehot.npy" in missing and settings.locations["genome"].kind != "simulated":
        chromosomes = len(config["chromosomes"] or ()) * LONGEST_CHROMOSOME
        missing["genome/"] = min(chromosomes or GENOME, GENOME)
    return missing


def check_disks(needs: Mapping[str, int]) -> list[Check]:
    """Compare the free space of each disk with what its folders need.

    Parameters
    ----------
    needs
        Bytes by folder; the folders need not exist.
    """
    disks: dict[int, list[str]] = {}
    for folder in (folder for folder, size in needs.items() if size):
        disks.setdefault(_existing(folder).stat().st_dev, []).append(folder)
    return [_check_disk(folders, sum(needs[folder] for folder in folders)) for folders in disks.values()]


def _existing(folder: str) -> Path:
    """Return a folder, or its nearest existing parent."""
    path = Path(folder).absolute()
    return next(parent for parent in (path, *path.parents) if parent.exists())


def _check_disk(folders: Sequence[str], needed: int) -> Check:
    free = shutil.disk_usage(_existing(folders[0])).free
    what, state = f"disk of {', '.join(folders)}", f"{free:,} bytes free"
    if needed <= free:
        return Check(what, needed, state)
    advice = f"free {needed - free:,} bytes, or put `results` or resources/upstream (a symbolic link) on a larger disk"
    return Check(what, needed, state, f"{needed:,} bytes needed at most, {free:,} free; {advice}")


def check_memory(settings: Settings) -> Check:
    """Compare the memory of this machine with that of the configuration's largest job."""
    key, asked = max(_memory(settings.config["compute"]), key=lambda item: item[1])
    has = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    needed, state = asked * 10**6, f"this machine has {has:,} bytes"
    advice = "use a larger machine or a cluster, or set it to what your training needs"
    problem = "" if needed <= has else f"`compute: {key}` asks for {needed:,} bytes, {state}; {advice}"
    return Check("memory", needed, state, problem)


def _memory(compute: Mapping[str, Any]) -> Iterable[tuple[str, int]]:
    return ((key, value) for key, value in compute.items() if key.endswith("_mem_mb"))


def render(checks: Sequence[Check]) -> str:
    """Return the checks as an aligned table, followed by a list of the problems."""
    names = [check.what for check in checks]
    sizes = ["" if check.size is None else f"{check.size:,}" for check in checks]
    widths = max(map(len, names)), max(map(len, [*sizes, "bytes"]))
    lines = [f"{'what':<{widths[0]}}  {'bytes':>{widths[1]}}  found"]
    for name, size, check in zip(names, sizes, checks, strict=True):
        lines.append(f"{name:<{widths[0]}}  {size:>{widths[1]}}  {check.state}")
    problems: dict[str, list[str]] = {}
    for check in checks:
        if check.problem:
            problems.setdefault(check.problem, []).append(check.what)
    if problems:
        lines += ["", f"{len(problems)} problem(s):"]
        lines += [f"  - {_some(names)}: {problem}" for problem, names in problems.items()]
    return "\n".join(lines)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= _MOST_NAMES else f"{names[0]} and {len(names) - 1} more"
