"""All checks of a configuration."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from ..base.progress import progress
from ..config.settings import UPSTREAM_FOLDER, Settings
from .agreement import check_agreement, check_splits, check_tracks
from .check import Check
from .excerpts import check_excerpt
from .resources import check_disks, check_memory, missing_files
from .sources import PROBE_TIMEOUTS, check_source

ADDRESSES_AT_A_TIME = 8


def check_configuration(settings: Settings, timeouts: tuple[float, float] = PROBE_TIMEOUTS) -> list[Check]:
    """Check the sources, the tracks, the splits, the disks and the memory that a configuration needs.

    Parameters
    ----------
    settings
        Settings, resolved without a check of local files, so that missing files are among the results.
    timeouts
        Longest wait for a connection to an address, and for its answer (seconds).
    """
    keys = [key for key, source in settings.sources.items() if source.needed or key in settings.config["sources"]]
    with ThreadPoolExecutor(ADDRESSES_AT_A_TIME) as pool:
        found = pool.map(partial(_check_by_kind, settings, timeouts), keys)
        sources = list(progress(found, total=len(keys), what="checking the sources", unit="files"))
    fetched = {UPSTREAM_FOLDER: 0, f"{settings.results}/downloads": 0}
    for key, check in zip(keys, sources, strict=True):
        folder = str(Path(settings.source_path(key)).parent)
        fetched[folder] = fetched.get(folder, 0) + check.to_fetch
    needs = {**fetched, f"{settings.results}/": sum(missing_files(settings).values())}
    return [
        *sources,
        *check_tracks(settings),
        *check_agreement(settings),
        *check_splits(settings),
        *check_disks(needs),
        check_memory(settings),
    ]


def _check_by_kind(settings: Settings, timeouts: tuple[float, float], key: str) -> Check:
    return (check_excerpt if settings.by_range(key) else check_source)(settings, key, timeouts)
