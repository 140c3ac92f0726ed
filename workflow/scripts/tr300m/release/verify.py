"""Compare the exported files with the published sizes and checksums."""

from collections.abc import Mapping
from typing import NamedTuple

from .export import Written
from .published import Published


class Verdict(NamedTuple):
    """Whether a file is the released one, and by what that was told."""

    verdict: str
    compared: str


def packs_alike(written: Mapping[str, Written], published: Mapping[str, Published]) -> bool | None:
    """Say whether zlib packs here as in the release, told by the arrays whose `.npy` is known to be the released one.

    Returns
    -------
    bool or None
        None where there is no such array.
    """
    known = [name for name, found in written.items() if found.npy_sha256 == published[name].npy_sha256]
    if not known:
        return None
    return all(written[name].gz_sha256 == published[name].gz_sha256 for name in known)


def verify_array(found: Written, published: Published, alike: bool | None, unlike: str) -> Verdict:
    """Compare a file with what is published of it.

    Parameters
    ----------
    found
        The file written here.
    published
        The released one.
    alike
        As `packs_alike` says; only then do sizes tell anything.
    unlike
        Why the data cannot give the released array; empty where they can. Equal checksums count all the same.
    """
    if found.gz_sha256 == published.gz_sha256:
        return Verdict("identical", "gzip SHA-256")
    if published.npy_sha256 and found.npy_sha256 == published.npy_sha256:
        return Verdict("identical", ".npy SHA-256: zlib packs otherwise here")
    if unlike:
        return Verdict(f"not checked: {unlike}", "")
    if found.shape != published.shape:
        return Verdict("differs", "shape")
    if published.npy_sha256:
        return Verdict("differs", ".npy SHA-256")
    if not alike:
        why = "zlib packs otherwise here" if alike is False else "no array tells whether zlib packs alike"
        return Verdict(f"not checked: {why}, and only the gzip file's checksum is published", "")
    if found.gz_bytes == published.gz_bytes:
        return Verdict("same gzip size", "gzip size: the SHA-256 needs the time in its header")
    return Verdict("differs", f"gzip size, by {found.gz_bytes - published.gz_bytes:+,} bytes")


def verification(
    written: Mapping[str, Written], published: Mapping[str, Published], unlike: Mapping[str, str]
) -> dict[str, list[object]]:
    """Return `verification.tsv`: a row for each published array, as columns by name; `unlike` as for `verify_array`."""
    alike = packs_alike(written, published)
    columns: dict[str, list[object]] = {}
    for name, fact in published.items():
        found = written[name]
        verdict = verify_array(found, fact, alike, unlike[name])
        row = {
            "array": name,
            "verdict": verdict.verdict,
            "compared": verdict.compared,
            "shape": ",".join(map(str, found.shape)),
            "published_shape": ",".join(map(str, fact.shape)),
            "gz_bytes": found.gz_bytes,
            "published_gz_bytes": fact.gz_bytes,
            "gz_sha256": found.gz_sha256,
            "published_gz_sha256": fact.gz_sha256,
            "npy_sha256": found.npy_sha256,
            "published_npy_sha256": fact.npy_sha256,
            "gz_time": "unknown; written with 0" if fact.gz_time is None else fact.gz_time,
        }
        for column, value in row.items():
            columns.setdefault(column, []).append(value)
    return columns
