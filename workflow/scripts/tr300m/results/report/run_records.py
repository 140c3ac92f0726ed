"""Run records, configuration, versions and checksums as tables."""

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Any

from ...base.redaction import shareable
from ...config.architectures import FAMILIES, PAIRWISE_FAMILY
from ...dataset.data_identity import identify, is_published
from ...training.run_record import versions
from ..write_table import markdown

# These have a separate page, or are of no interest to a reader.
ELSEWHERE = ("run", "arrays", "versions", "pair_state")


def flat(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the leaves of nested mappings as key and text; keys are joined by dots, such as ``network.width``."""
    for key, item in value.items():
        if isinstance(item, Mapping) and item:
            yield from flat(item, f"{prefix}{key}.")
        else:
            yield prefix + key, _text(item)


def _text(item: Any) -> str:
    if isinstance(item, list | tuple):
        parts = [f"({_text(part)})" if isinstance(part, list | tuple) else _text(part) for part in item]
        return ", ".join(parts) or "none"
    if isinstance(item, bool):
        return "yes" if item else "no"
    return "none" if item is None or item == {} else str(item)


def compare_records(records: Sequence[Mapping[str, Any]]) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return the entries that differ between run records, and those that they share.

    Parameters
    ----------
    records
        Contents of `run.json`, at least one.

    Returns
    -------
    differing, shared
        The first table has the columns ``run`` and each key that differs [run], the second ``key`` and ``value`` [key].
    """
    flats = [
        # The label replaces the architecture, because it names its inputs.
        dict(flat({key: item for key, item in record.items() if key not in ELSEWHERE} | _label(record)))
        for record in records
    ]
    keys = list(dict.fromkeys(key for record in flats for key in record))
    values = {key: [record.get(key, "none") for record in flats] for key in keys}
    differing = {"run": [str(record["run"]) for record in records]}
    differing |= {key: column for key, column in values.items() if len(set(column)) > 1}
    shared = [key for key in keys if key not in differing]
    return differing, {"key": shared, "value": [values[key][0] for key in shared]}


def _label(record: Mapping[str, Any]) -> dict[str, str]:
    return {"architecture": record["architecture"]["label"]}


def environment() -> dict[str, str]:
    """Return the installed versions of Python and of the package's dependencies, by name."""
    found = versions()
    try:
        # The lines look like "numpy>=2.1"; those of extras have a condition after a semicolon.
        needed = [re.split(r"[^\w.-]", line)[0] for line in requires("tr300m") or [] if ";" not in line]
    except PackageNotFoundError:
        return found  # the package is not installed
    return found | {name: version(name) for name in needed}


def version_table(records: Sequence[Mapping[str, Any]], here: Mapping[str, str]) -> dict[str, list[str]]:
    """Return one row per package: the version for training, and the version for tables and figures.

    Parameters
    ----------
    records
        Run records.
    here
        Name to version, from `environment`.
    """
    names = list(dict.fromkeys([name for record in records for name in record["versions"]] + list(here)))
    trained = [dict.fromkeys(record["versions"].get(name, "-") for record in records) for name in names]
    return {
        "package": names,
        "training": [", ".join(found) for found in trained],
        "tables and figures": [here.get(name, "-") for name in names],
    }


def settings_table(config: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return one row per leaf of nested settings."""
    found = dict(flat(config))
    return {"key": list(found), "value": list(found.values())}


def array_table(arrays: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return one row per array of a dataset's manifest: its shape and the SHA-256 of its file."""
    return {
        "array": list(arrays),
        "shape": [" x ".join(map(str, entry["shape"])) for entry in arrays.values()],
        "SHA-256": [str(entry["sha256"]) for entry in arrays.values()],
    }


def source_table(sources: Mapping[str, Mapping[str, str]]) -> dict[str, list[str]]:
    """Return one row per source: its origin, its SHA-256, and whether it is the published file.

    Parameters
    ----------
    sources
        Entry `sources` of a dataset's manifest.
    """
    return {
        "source": list(sources),
        "origin": [record["origin"] for record in sources.values()],
        "SHA-256": [record["sha256"] for record in sources.values()],
        "published checksum": [record["published_checksum"] or "-" for record in sources.values()],
        "is the published file": [_same(record) for record in sources.values()],
    }


def _same(record: Mapping[str, str]) -> str:
    if not record["published_checksum"]:
        return "unknown"
    return "yes" if is_published(record) else "no"


def record_pages(
    records: Sequence[Mapping[str, Any]], manifest: Mapping[str, Any], config: Mapping[str, Any]
) -> dict[str, str]:
    """Return the pages ``runs`` and ``versions`` of the report as Markdown.

    Parameters
    ----------
    records
        Contents of `run.json` of the runs.
    manifest
        Manifest of the dataset.
    config
        The configuration, without the section `compute`.
    """
    records = [shareable(record) for record in records]
    data = identify(manifest)
    unlike = f" They are not those of the release: {data.unlike_release}." if data.unlike_release else ""
    runs = [
        *(section for family in FAMILIES for section in _family_sections(records, family)),
        ("Configuration", "With defaults filled in; `compute` is in the record of each run.", settings_table(config)),
    ]
    arrays_by = f"The arrays were made by code {manifest['code']}."
    sources = source_table(shareable(manifest["sources"]))
    made_with = [
        ("Packages", arrays_by, version_table(records, environment())),
        ("Sources", f"The data: {data.name}.{unlike} Origin and checksum of each file:", sources),
        ("Arrays", "As read by the models.", array_table(manifest["arrays"])),
    ]
    return {"runs": _sections(runs), "versions": _sections(made_with)}


def _family_sections(
    records: Sequence[Mapping[str, Any]], family: str
) -> Iterator[tuple[str, str, dict[str, list[str]]]]:
    """Yield titles, notes and tables for the runs of a family, whose settings another family does not have."""
    # Records of older versions, which knew one family, do not name it.
    chosen = [record for record in records if record["architecture"].get("family", PAIRWISE_FAMILY) == family]
    if chosen:
        differing, shared = compare_records(chosen)
        by_run = "From `run.json` of each run; `code` is a hash of the code that trained it."
        yield f"Settings that differ: family {family}", by_run, differing
        yield f"Settings that all runs share: family {family}", "", shared


def _sections(tables: Sequence[tuple[str, str, dict[str, list[str]]]]) -> str:
    """Return tables as Markdown sections, each with a title and a note."""
    texts = [f"## {title}\n\n{markdown(table, notes=[note], words=True)}" for title, note, table in tables]
    return "\n".join(texts)
