"""The genome in several files, such as one of each chromosome: `genome_parts` of the configuration."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..base.errors import TR300MError
from .source_table import Source, locate


def with_parts(sources: Mapping[str, Source], parts: Sequence[str]) -> dict[str, Source]:
    """Return the rows of the sources table; those that are parts of the genome are needed."""
    return {key: replace(source, needed=source.needed or key in parts) for key, source in sources.items()}


def check_parts(
    parts: Sequence[str], sources: Mapping[str, Source], choices: Mapping[str, str], data: str | None
) -> list[str]:
    """Return the problems of `genome_parts`.

    Parameters
    ----------
    parts
        Keys of sources.
    sources
        Rows of the sources table.
    choices, data
        Section `sources` and key `data` of the configuration.
    """
    unknown = [key for key in parts if key not in sources]
    problems = [f"`genome_parts`: {key} is not a key of config/sources.tsv" for key in unknown]
    if parts and "genome" in choices:
        problems.append("`genome_parts` and `sources: genome` are both given; remove one of them")
    for key in (key for key in parts if key in sources):
        try:
            kind = locate(key, sources, choices, data).kind
        except TR300MError:
            # Reported with the section `sources`.
            continue
        if kind == "simulated":
            problems.append(f"`genome_parts`: {key} is simulated; write `sources: {key}: upstream`, a path or a URL")
    return problems
