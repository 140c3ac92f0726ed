"""What the data of a dataset are called, by the checksums in its manifest."""

import gzip
import hashlib
from pathlib import Path
from typing import Any

import pytest
from helpers.small_run import ROOT
from tr300m.arrays.manifest import source_entry
from tr300m.config.settings import resolve
from tr300m.dataset.data_identity import RELEASE, identify

CONFIG = {"edition": "release", "chromosomes": None, "genes": None, "samples": None}


def manifest_with(sources: dict[str, dict[str, str]], config: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest in which every source is the published file, but for what is given."""
    records = {
        key: {**record, "checksum": record["published_checksum"], **sources.get(key, {})}
        for key, record in resolve({}, ROOT).source_records().items()
    }
    return {"sources": records, "config": CONFIG | config}


OWN = {"origin": "my_file", "checksum": "sha256:0"}
NONE = source_entry({"path": "", "origin": "none", "published_checksum": "sha256:0"}, "")
SIMULATED = {"origin": "simulated", "checksum": "sha256:0"}


@pytest.mark.parametrize(
    ("sources", "config", "name", "reason"),
    [
        ({}, {}, RELEASE, ""),
        # The published file, wherever it lies.
        ({"expression": {"origin": "/data/tpm.gct.gz"}}, {}, RELEASE, ""),
        ({"expression": OWN}, {}, "own data", "expression"),
        ({"donors": OWN}, {}, "own data", "donors"),
        ({"genome": OWN}, {}, f"{RELEASE} with own files", "genome"),
        ({"genome": {"published_checksum": ""}}, {}, f"{RELEASE} with own files", "no checksum"),
        ({"genome": SIMULATED}, {}, "simulated data", "simulated sources"),
        ({"genome": SIMULATED, "expression": OWN}, {}, "simulated data", "simulated sources"),
        ({}, {"edition": "corrected"}, RELEASE, "edition corrected"),
        ({}, {"chromosomes": ["chr22"]}, RELEASE, "chromosomes"),
        ({}, {"tracks": "own.tsv"}, RELEASE, "own.tsv"),
        ({}, {"motifs": {}}, RELEASE, ""),
        ({}, {"motifs": {"taxon": "10090", "file": None}}, RELEASE, "taxon"),
        ({}, {"genes": "g.txt", "samples": "s.txt"}, RELEASE, "genes, samples"),
        ({"samples": NONE}, {}, "own data", "samples"),
        ({"donors": NONE}, {}, "own data", "donors"),
        ({}, {"sample_table": {"sample": "SAMPID", "tissue": "SMTSD", "donor": None}}, RELEASE, ""),
        ({}, {"sample_table": {"sample": "SAMPID", "tissue": "SMTS", "donor": None}}, RELEASE, "sample_table"),
    ],
)
def test_name_and_reason(sources: dict[str, dict[str, str]], config: dict[str, Any], name: str, reason: str) -> None:
    data = identify(manifest_with(sources, config))
    assert data.name == name
    assert data.simulated == (name == "simulated data")
    assert reason in data.unlike_release
    # The thesis's curves and points are drawn where nothing speaks against it, and its figures are then not hedged.
    assert bool(data.unlike_release) == bool(reason) == bool(data.caveat)


def test_many_files_are_counted() -> None:
    all_own = dict.fromkeys(resolve({}, ROOT).source_records(), OWN)
    assert "and 24 more" in identify(manifest_with(all_own, {})).unlike_release


def test_a_source_is_told_by_the_published_kind_of_checksum(tmp_path: Path) -> None:
    """GENCODE's checksum is of the text inside: packed again, it is still the published file."""
    text, path = b"chr1\n", tmp_path / "a.gz"
    path.write_bytes(gzip.compress(text, 1, mtime=5))
    published = f"uncompressed-sha256:{hashlib.sha256(text).hexdigest()}"
    record = {"path": str(path), "origin": str(path), "published_checksum": published}
    entry = source_entry(record, str(path))
    assert entry["checksum"] == published
    assert entry["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert source_entry({**record, "published_checksum": ""}, str(path))["checksum"] == f"sha256:{entry['sha256']}"
