"""Files that were fetched and found right, kept where a rerun of the workflow does not delete them.

Snakemake deletes a rule's outputs before it runs the rule again. The bytes therefore lie in ``FOLDER/verified/NAME``,
which is no output, and the output ``FOLDER/NAME`` is a symbolic link to them. A link within one folder tree costs no
space and works on every file system that a cluster is likely to have, NFS and BeeGFS too (the latter has no hard links
across folders), and Snakemake, which renews the times of outputs, renews those of the link alone.
"""

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ..base.errors import TR300MError
from ..base.files import READ_BYTES, atomic_path, gzip_errors, open_binary, read_json, write_json
from ..base.redaction import public

FOLDER = "verified"


@dataclass(frozen=True)
class Record:
    """What is known of a kept file; `url` is public, `checksum` is the published one, or ours where there is none."""

    url: str
    size: int
    checksum: str


def content_digest(path: Path, checksum: str) -> str:
    """Return the digest of a file in the manner of `checksum`: its algorithm, of the bytes or the gzip's content."""
    algorithm = checksum.partition(":")[0]
    unzip = algorithm.startswith("uncompressed-")
    digest = hashlib.new(algorithm.removeprefix("uncompressed-"))
    with gzip_errors(path), open_binary(path) if unzip else open(path, "rb") as handle:
        while block := handle.read(READ_BYTES):
            digest.update(block)
    return digest.hexdigest()


def verify_file(path: Path, size: int | None, checksum: str) -> None:
    """Check size and checksum of a file, where they are known.

    Raises
    ------
    TR300MError
        If one differs.
    """
    found = path.stat().st_size
    if size is not None and found != size:
        raise TR300MError(f"{path} has {found:,} bytes, {size:,} expected")
    algorithm, _, expected = checksum.partition(":")
    if checksum and content_digest(path, checksum) != expected.lower():
        raise TR300MError(f"{path}: its {algorithm} is not the expected one", "upstream may have changed")


def matches_checksum(path: Path, checksum: str) -> bool:
    """Return whether a file is the published one: whether its content has the published checksum, if there is one."""
    return bool(checksum) and content_digest(path, checksum) == checksum.partition(":")[2].lower()


def kept_path(out: Path) -> Path:
    """Return where the bytes behind `out` lie."""
    return out.parent / FOLDER / out.name


def _record_path(out: Path) -> Path:
    return kept_path(out).with_name(out.name + ".json")


def keep(part: Path, out: Path, url: str, checksum: str) -> None:
    """Keep a file that was found right, and link `out` to it.

    Parameters
    ----------
    part
        The file; it is renamed, so it must lie on the same disk.
    out
        Final path.
    url, checksum
        Address it came from; published checksum, or empty: then its own SHA-256 is noted.
    """
    checksum = checksum or f"sha256:{content_digest(part, 'sha256:')}"
    kept_path(out).parent.mkdir(parents=True, exist_ok=True)
    # Before the file: a kill in between leaves a record that the file does not fit, and never a file unaccounted for.
    write_json(_record_path(out), asdict(Record(public(url), part.stat().st_size, checksum)))
    part.replace(kept_path(out))
    _link(out)


def _link(out: Path) -> None:
    with atomic_path(out) as temporary:
        temporary.symlink_to(Path(FOLDER, out.name))


def recorded(out: Path, urls: Sequence[str], size: int | None, checksum: str) -> Record | None:
    """Return the record of a kept file if it is the one asked for; its content is not read.

    Without a published checksum a file is identified by its address.
    """
    try:
        record = Record(**read_json(_record_path(out)))
        found = kept_path(out).stat().st_size
    except (TR300MError, OSError, TypeError):
        return None
    same = record.checksum == checksum if checksum else record.url in map(public, urls)
    return record if same and found == record.size and size in (None, found) else None


def reuse(out: Path, urls: Sequence[str], size: int | None, checksum: str) -> bool:
    """Link `out` to the kept file if there is one and its content is still right.

    One that is not right stays until another takes its place: the wrong one may be the checksum asked for.

    Returns
    -------
    bool
        Whether `out` is there now.
    """
    kept = kept_path(out)
    if not kept.is_file():
        return False
    record = recorded(out, urls, size, checksum)
    expected = checksum or (record.checksum if record else "")
    try:
        if not expected:
            raise TR300MError(f"{kept} was fetched from elsewhere or was changed")
        verify_file(kept, size, expected)
    except TR300MError as error:
        print(f"{error.message}; fetching it anew", file=sys.stderr)
        return False
    _link(out)
    return True
