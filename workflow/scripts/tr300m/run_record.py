"""The record of a run: everything needed to say what was trained, on what, by what."""

import platform
import resource
import sys
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

PACKAGES = ("tr300m", "tensorflow", "jax", "keras", "numpy", "scipy")


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that shape a result; packages that are not installed are left out."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def peak_memory_mb() -> float:
    """Largest resident memory of this process so far, MB (2^20 bytes)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in KB, macOS in bytes.
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def checksums(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Array name to SHA-256, from a dataset's manifest."""
    return {name: str(entry["sha256"]) for name, entry in manifest.get("arrays", {}).items() if "sha256" in entry}
