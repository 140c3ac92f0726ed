"""Tell whether a dataset was made from the files of the release, from simulated files or from the user's own files.

The checksums in the manifest decide, not the configuration: a local file may be the published file, and a file from
another address may not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

RELEASE = "GTEx v8"
SIMULATED = "simulated"
"""Origin of a simulated source in the manifest."""
EXPRESSION_SOURCES = ("expression", "samples", "donors")
RELEASED_SETTINGS: dict[str, dict[str, Any]] = {
    "sample_table": {"sample": "SAMPID", "tissue": "SMTSD", "donor": None},
    "window": {"upstream": 2772, "downstream": 50},
}
"""Sections of the configuration as the release has them."""
_MOST_SOURCES = 3


@dataclass(frozen=True)
class DataIdentity:
    """The kind of data of a dataset.

    Attributes
    ----------
    name
        Name in titles.
    simulated
        Whether any source is simulated; tables then say so.
    unlike_release
        Why the arrays differ from the release; empty if they are made from the same files in the same way.
    """

    name: str
    simulated: bool
    unlike_release: str

    @property
    def caveat(self) -> str:
        """Text in brackets to add to the thesis's figures; empty on the data of the release."""
        return " (on the released data, not on these)" if self.unlike_release else ""


def identify(manifest: Mapping[str, Any]) -> DataIdentity:
    """Return the kind of data of a dataset.

    Parameters
    ----------
    manifest
        Manifest of the dataset: `origin`, `checksum` and `published_checksum` of each source, and the keys of the
        configuration that affect the arrays.
    """
    sources = manifest["sources"]
    if any(record["origin"] == SIMULATED for record in sources.values()):
        return DataIdentity("simulated data", True, "simulated sources")
    own = [key for key, record in sources.items() if not is_published(record)]
    if own:
        has_expression = not any(key in EXPRESSION_SOURCES for key in own)
        name = f"{RELEASE} with own files" if has_expression else "own data"
        unknown = [key for key in own if not sources[key]["published_checksum"]]
        differing = [key for key in own if key not in unknown]
        reasons = [f"not the published files: {_some(differing)}"] if differing else []
        reasons += [f"no checksum is published for {_some(unknown)}"] if unknown else []
        return DataIdentity(name, False, "; ".join(reasons))
    return DataIdentity(RELEASE, False, _chosen(manifest["config"]))


def is_published(record: Mapping[str, str]) -> bool:
    """Return whether a source in a manifest has the published checksum."""
    return record["published_checksum"] != "" and record["checksum"] == record["published_checksum"]


def _chosen(config: Mapping[str, Any]) -> str:
    """Return how a configuration differs from that of the release; empty if it does not."""
    if config["edition"] != "release":
        return f"edition {config['edition']}"
    if "tracks" in config:
        return f"the tracks of {config['tracks']}"
    if other := [key for key, value in RELEASED_SETTINGS.items() if config.get(key, value) != value]:
        return f"the config has other settings of {', '.join(other)}"
    if config.get("motifs"):
        return f"the config chooses other motifs ({', '.join(config['motifs'])})"
    restricted = [key for key in ("chromosomes", "genes", "samples") if config[key]]
    return f"the config restricts {', '.join(restricted)}" if restricted else ""


def _some(keys: Sequence[str]) -> str:
    more = len(keys) - _MOST_SOURCES
    return ", ".join(keys[:_MOST_SOURCES]) + (f" and {more} more" if more > 0 else "")
