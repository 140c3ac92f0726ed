"""The store of verified downloads, which a rerun of the workflow does not delete.

Snakemake deletes the outputs of a rule before it runs the rule again. The bytes are therefore in
``FOLDER/verified/NAME``, which is not an output, and the output ``FOLDER/NAME`` is a symbolic link to them. A relative
symbolic link takes no space and works on the file systems of clusters, such as NFS and BeeGFS (which has no hard links
across folders). When Snakemake updates the time of an output, it changes only the link.
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
    """The record of a kept file.

    Attributes
    ----------
    url
        Address that it came from, without credentials.
    size
        Bytes.
    checksum
        Published checksum; if there is none, the SHA-256 of the file.
    """

    url: str
    size: int
    checksum: str


def content_digest(path: Path, checksum: str) -> str:
    """Return the digest of a file with the algorithm of `checksum`, of its bytes or of its decompressed content."""
    algorithm = checksum.partition(":")[0]
    unzip = algorithm.startswith("uncompressed-")
    digest = hashlib.new(algorithm.removeprefix("uncompressed-"))
    with gzip_errors(path), open_binary(path) if unzip else open(path, "rb") as handle:
        while block := handle.read(READ_BYTES):
            digest.update(block)
    return digest.hexdigest()


def verify_file(path: Path, size: int | None, checksum: str) -> None:
    """Check size and checksum of a file, as far as they are known.

    Raises
    ------
    TR300MError
        If one differs.
    """
    found = path.stat().st_size
    if size is not None and found != size:
        raise TR300MError(f"{path} has {found:,} bytes, {size:,} expected")
    if checksum and not matches_checksum(path, checksum):
        raise TR300MError(
            f"{path}: its {checksum.partition(':')[0]} is not the expected checksum", "upstream may have changed"
        )


def matches_checksum(path: Path, checksum: str) -> bool:
    """Return whether a file has a checksum; false if `checksum` is empty."""
    return bool(checksum) and content_digest(path, checksum) == checksum.partition(":")[2].lower()


def kept_path(out: Path) -> Path:
    """Return the path of the file that `out` links to."""
    return out.parent / FOLDER / out.name


def _record_path(out: Path) -> Path:
    return kept_path(out).with_name(out.name + ".json")


def keep(part: Path, out: Path, url: str, checksum: str) -> None:
    """Move a verified file into the store, and link `out` to it.

    Parameters
    ----------
    part
        The file. It is renamed, so it must be on the same disk.
    out
        Final path.
    url, checksum
        Address that it came from; published checksum, or empty to record the SHA-256 of the file.
    """
    checksum = checksum or f"sha256:{content_digest(part, 'sha256:')}"
    kept_path(out).parent.mkdir(parents=True, exist_ok=True)
    # Written first: if the process is killed in between, the record does not match the file, which is downloaded again.
    write_json(_record_path(out), asdict(Record(public(url), part.stat().st_size, checksum)))
    part.replace(kept_path(out))
    _link(out)


def _link(out: Path) -> None:
    with atomic_path(out) as temporary:
        temporary.symlink_to(Path(FOLDER, out.name))


def recorded(out: Path, urls: Sequence[str], size: int | None, checksum: str) -> Record | None:
    """Return the record of a kept file if it is the requested one; the content is not read.

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
    """Link `out` to the kept file if there is one and its content is still correct.

    A file that does not match stays until another replaces it, because the requested checksum may be the wrong one.

    Returns
    -------
    bool
        Whether `out` exists now.
    """
    kept = kept_path(out)
    if not kept.is_file():
        return False
    record = recorded(out, urls, size, checksum)
    expected = checksum or (record.checksum if record else "")
    try:
        if not expected:
            raise TR300MError(f"{kept} comes from another address or was changed")
        verify_file(kept, size, expected)
    except TR300MError as error:
        print(f"{error.message}; downloading it again", file=sys.stderr)
        return False
    _link(out)
    return True
