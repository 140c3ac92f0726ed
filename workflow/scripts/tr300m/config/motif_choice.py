"""The section `motifs` of the configuration."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

PROFILES_OF_RELEASE, TAXON_OF_RELEASE = "JASPAR2022", "9606"


@dataclass(frozen=True)
class MotifChoice:
    """Where motifs come from, and how they are linked to regulators; the defaults are those of the release.

    Attributes
    ----------
    jaspar
        Release, such as ``JASPAR2022``.
    taxon
        NCBI number of a species, for the profiles of that species alone, or a group such as ``vertebrates``.
    collection
        Collection of JASPAR, such as ``CORE``; None for all.
    versions
        ``all`` versions of each profile, or the ``latest``.
    file
        Motif file that replaces JASPAR; None for JASPAR.
    map
        Table with the columns ``regulator`` and ``motif``; None to link by name.
    """

    jaspar: str = PROFILES_OF_RELEASE
    taxon: str = TAXON_OF_RELEASE
    collection: str | None = None
    versions: str = "all"
    file: str | None = None
    map: str | None = None

    @classmethod
    def from_section(cls, section: Mapping[str, Any]) -> Self:
        """Return the choice of the section `motifs`; YAML reads the number of a species as an integer."""
        values = dict(section)
        return cls(**values | ({"taxon": str(values["taxon"])} if "taxon" in values else {}))

    @property
    def exact_names(self) -> bool:
        """Whether upper and lower case differ in the names: for human profiles of JASPAR, as in the release."""
        return self.file is None and self.taxon == TAXON_OF_RELEASE

    @property
    def changed(self) -> dict[str, Any]:
        """The settings that are not those of the release; settings that others make idle are left out."""
        idle = {"jaspar", "taxon", "collection", "versions"} if self.file else set()
        return {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if getattr(self, field.name) != field.default and field.name not in idle
        }
