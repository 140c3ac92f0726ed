"""The command `tr300m gzip-time`: search the unknown time in a gzip header of a released file."""

import os
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import click

from .base.errors import TR300MError
from .cli_options import HomePath


@click.command("gzip-time")
@click.argument("file", type=HomePath(exists=True, dir_okay=False))
@click.option(
    "--sha256", help="Published SHA-256 of the .npy.gz; default: that of the released array with the name of FILE."
)
@click.option("--size", type=click.IntRange(min=1), help="Published size of the .npy.gz in bytes; same default.")
@click.option(
    "--from", "first", type=click.DateTime(), help="First time (UTC); default: a day before the first known one."
)
@click.option("--to", "last", type=click.DateTime(), help="Last time (UTC); default: a day after the last known one.")
@click.option(
    "--skip", default=0, show_default=True, type=click.IntRange(min=0), help="Number of times that were already tried."
)
@click.option("--threads", default=lambda: os.cpu_count() or 1, type=click.IntRange(min=1), help="Default: all cores.")
@click.option(
    "--manifest",
    default=Path("resources/release_manifest.tsv"),
    show_default=True,
    type=HomePath(),
    help="Table of the released files.",
)
def gzip_time(
    file: Path,
    sha256: str | None,
    size: int | None,
    first: datetime | None,
    last: datetime | None,
    skip: int,
    threads: int,
    manifest: Path,
) -> None:
    """Search the time in the gzip header with which FILE (.npy or .npy.gz) equals the published .npy.gz.

    Times nearest to the known ones are tried first, second by second. Each time needs one SHA-256 of the whole file,
    about 0.2 ms for 400 kB and 60 ms for 130 MB. The duration of the search is printed at the start; Ctrl-C stops it,
    and the last line then shows how to continue. Files over 150 MB are refused.

    \b
    Examples:
      tr300m gzip-time results/release/PSSMKernels.npy.gz
      tr300m gzip-time results/release/hmArr.npy.gz --from 2023-01-23T20:00:00 --to 2023-01-23T22:00:00
      tr300m gzip-time other/X.npy --size 1234 --sha256 HEX --from 2023-02-01 --to 2023-02-03
    """
    from .release.gzip_time import Target, check_size, interval, nearest_first, packed, search, seconds_each
    from .release.published import read_published

    published = read_published(manifest)
    name = file.name.removesuffix(".gz")
    fact = published.get(name.removesuffix(".npy"))
    if fact is None and not (sha256 and size):
        raise click.UsageError(f"{file.name} is not a released array: give --sha256 and --size")
    target = Target(size or fact.gz_bytes, (sha256 or fact.gz_sha256).lower())  # type: ignore[union-attr]
    known = sorted({other.gz_time for other in published.values() if other.gz_time is not None})
    start, end = interval(first, last, known)
    content = packed(file.read_bytes(), name)
    check_size(content, target)
    total, each = max(end - start + 1 - skip, 0), seconds_each(content)
    click.echo(
        f"{total:,} times from {_utc(start)} to {_utc(end)}, {each * 1e3:.2g} ms each: "
        f"at most {_duration(total * each / threads)} on {threads} threads",
        err=True,
    )
    times = islice(nearest_first(start, end, known), skip, None)
    outcome = search(content, target, times, total, each, threads)
    if outcome.time is not None:
        click.echo(f"{outcome.time}\t{_utc(outcome.time)}")
        return
    tried = skip + outcome.tried
    if outcome.tried < total:
        raise TR300MError(
            f"stopped after {tried:,} times",
            f"to continue, run the same command with --from {_utc(start)} --to {_utc(end)} --skip {tried}",
        )
    raise TR300MError(f"none of the times from {_utc(start)} to {_utc(end)} gives the published SHA-256")


def _utc(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _duration(seconds: float) -> str:
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} seconds"
