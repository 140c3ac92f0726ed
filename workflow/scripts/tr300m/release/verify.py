"""Compare exported files with the published sizes and checksums."""

from collections.abc import Mapping
from typing import NamedTuple

from .export import Written
from .published import Published


class Verdict(NamedTuple):
    """Whether a file is the released file, and what was compared."""

    verdict: str
    compared: str


def compresses_alike(written: Mapping[str, Written], published: Mapping[str, Published]) -> bool | None:
    """Return whether this zlib build compresses to the same bytes as in the release.

    It follows from the arrays whose `.npy` file is known to be the released one.

    Returns
    -------
    bool or None
        None if there is no such array.
    """
    known = [name for name, found in written.items() if found.npy_sha256 == published[name].npy_sha256]
    if not known:
        return None
    return all(written[name].gz_sha256 == published[name].gz_sha256 for name in known)


def verify_array(found: Written, published: Published, alike: bool | None, unlike: str) -> Verdict:
    """Compare an exported file with the published facts.

    Parameters
    ----------
    found
        Facts of the exported file.
    published
        Facts of the released file.
    alike
        Result of `compresses_alike`; sizes can be compared only if it is true.
    unlike
        Why the data cannot give the released array; empty if they can. Equal checksums are reported in any case.
    """
    if found.gz_sha256 == published.gz_sha256:
        return Verdict("identical", "gzip SHA-256")
    if published.npy_sha256 and found.npy_sha256 == published.npy_sha256:
        return Verdict("identical", ".npy SHA-256: this zlib build compresses to different bytes")
    if unlike:
        return Verdict(f"not checked: {unlike}", "")
    if found.shape != published.shape:
        return Verdict("differs", "shape")
    if published.npy_sha256:
        return Verdict("differs", ".npy SHA-256")
    if not alike:
        zlib_differs = "this zlib build compresses to different bytes"
        why = zlib_differs if alike is False else "it is unknown whether this zlib build compresses to the same bytes"
        return Verdict(f"not checked: {why}, and only the checksum of the gzip file is published", "")
    if found.gz_bytes == published.gz_bytes:
        return Verdict("same gzip size", "gzip size: its SHA-256 depends on the unknown time in the header")
    return Verdict("differs", f"gzip size, by {found.gz_bytes - published.gz_bytes:+,} bytes")


def verification(
    written: Mapping[str, Written], published: Mapping[str, Published], unlike: Mapping[str, str]
) -> dict[str, list[object]]:
    """Return the columns of `verification.tsv`, one row per array; `unlike` is that of `verify_array`, by array."""
    alike = compresses_alike(written, published)
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
