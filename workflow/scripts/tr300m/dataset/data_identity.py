"""What the data of a dataset are: the release's files, simulated, or the user's own.

The answer follows from the checksums in the dataset's manifest and not from the configuration: a file of the user's may
be the published one, and one of another name need not be.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

RELEASE = "GTEx v8"
SIMULATED = "simulated"
"""Origin of a simulated source in a manifest."""
EXPRESSION_PREFIX = "gtex_"
_MOST_SOURCES = 3


@dataclass(frozen=True)
class DataIdentity:
    """What the data of a dataset are.

    Attributes
    ----------
    name
        What titles call them.
    simulated
        Whether any source is simulated: tables then say so.
    unlike_release
        Why the arrays are not those of the release; empty where they are built from its files, as it was.
    """

    name: str
    simulated: bool
    unlike_release: str

    @property
    def caveat(self) -> str:
        """What to add, in brackets, to a mention of the thesis's figures; empty on the release's data."""
        return " (on the released data, not on these)" if self.unlike_release else ""


def identify(manifest: Mapping[str, Any]) -> DataIdentity:
    """Say what the data of a dataset are.

    Parameters
    ----------
    manifest
        Of the dataset: of each source `origin`, `checksum` and `published_checksum`, of the configuration what shaped
        the arrays.
    """
    sources = manifest["sources"]
    if any(record["origin"] == SIMULATED for record in sources.values()):
        return DataIdentity("simulated data", True, "simulated sources")
    own = [key for key, record in sources.items() if not is_published(record)]
    if own:
        has_expression = not any(key.startswith(EXPRESSION_PREFIX) for key in own)
        name = f"{RELEASE} with own files" if has_expression else "own data"
        unknown = [key for key in own if not sources[key]["published_checksum"]]
        differing = [key for key in own if key not in unknown]
        reasons = [f"not the published files: {_some(differing)}"] if differing else []
        reasons += [f"no checksum is published of {_some(unknown)}"] if unknown else []
        return DataIdentity(name, False, "; ".join(reasons))
    return DataIdentity(RELEASE, False, _chosen(manifest["config"]))


def is_published(record: Mapping[str, str]) -> bool:
    """Return whether a source of a manifest is the published file, by its checksum."""
    return record["published_checksum"] != "" and record["checksum"] == record["published_checksum"]


def _chosen(config: Mapping[str, Any]) -> str:
    """Return what a configuration chose otherwise than the release; empty if nothing."""
    if config["edition"] != "release":
        return f"edition {config['edition']}"
    restricted = [key for key in ("chromosomes", "genes", "samples") if config[key]]
    return f"the config restricts {', '.join(restricted)}" if restricted else ""


def _some(keys: Sequence[str]) -> str:
    more = len(keys) - _MOST_SOURCES
    return ", ".join(keys[:_MOST_SOURCES]) + (f" and {more} more" if more > 0 else "")
