"""A configuration resolved: defaults filled in, tables read, every problem found before the first job."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..base.errors import TR300MError
from ..base.redaction import public, redacted
from .architectures import read_architectures
from .run_selection import RunSelection
from .run_table import read_runs, split_names
from .schema import check, fill_defaults, find_problems, read_schema
from .simulation import SimulationConfig
from .source_table import SOURCES_TABLE, Location, Source, addresses, check_choices, locate, read_sources
from .thesis_comparisons import read_comparisons

SCHEMAS = Path("workflow/schemas")
COMPARISONS_TABLE = Path("resources/thesis_comparisons.tsv")
UPSTREAM_FOLDER = "resources/upstream"
PATHS = ("results", "data", "genes", "samples", "runs", "architectures", "released_data")
"""Keys of the configuration whose values are paths; those of `sources` may be."""


@dataclass(frozen=True)
class Settings:
    """What the rules need to know of a configuration.

    Attributes
    ----------
    config
        All keys, defaults included.
    results
        Folder of everything the configuration makes.
    sources
        The sources table, by key; those not `needed` are read by few targets.
    locations
        Where each source comes from.
    selection
        Which runs and baselines each table is about.
    """

    config: dict[str, Any]
    results: str
    sources: dict[str, Source]
    locations: dict[str, Location]
    selection: RunSelection

    def source_path(self, key: str) -> str:
        """Return the path of a source: downloaded, simulated or the user's own."""
        location = self.locations[key]
        if location.kind == "local":
            return location.value
        if location.kind == "simulated":
            return self.simulated_path(key)
        # A URL of the user's has a folder of its own: what is simulated must never stand in for it.
        folder = UPSTREAM_FOLDER if location.kind == "upstream" else f"{self.results}/downloads"
        return f"{folder}/{self.sources[key].local_name}"

    def simulated_path(self, key: str) -> str:
        """Return the path that a source has if it is simulated."""
        return f"{self.results}/sources/{self.sources[key].local_name}"

    def source_records(self) -> dict[str, dict[str, str]]:
        """Return path, origin and published checksum of each needed source, for the manifest.

        A file of the user's may be the published one: it is compared too.
        """
        records = {}
        for key, source in self.sources.items():
            if not source.needed:
                continue
            location = self.locations[key]
            records[key] = {
                "path": self.source_path(key),
                "origin": redacted(source.urls[0] if location.kind == "upstream" else location.value or location.kind),
                "published_checksum": source.checksum,
            }
        return records

    def download_of(self, name: str) -> dict[str, Any]:
        """Return what to fetch for a local file name: addresses, size, checksum."""
        key, source = next((key, source) for key, source in self.sources.items() if source.local_name == name)
        urls = addresses(source, self.config["sources"], self.config["data"])
        if self.locations[key].kind == "url":
            return {"urls": urls, "size": None, "checksum": ""}
        return {"urls": urls, "size": source.size, "checksum": source.checksum}

    def public_download(self, name: str) -> dict[str, Any]:
        """Return `download_of` without credentials: what a rerun is decided by, and what Snakemake keeps and shows."""
        wanted = self.download_of(name)
        return {**wanted, "urls": [public(url) for url in wanted["urls"]]}

    def own_checksums(self, *keys: str) -> dict[str, str]:
        """Return, of the sources that are the user's own files, path and published checksum: they may be the same."""
        own = [key for key in keys if self.locations[key].kind in ("local", "url")]
        return {self.source_path(key): self.sources[key].checksum for key in own}

    @property
    def may_drop_genes(self) -> bool:
        """Whether target genes that the GCT lacks may be left out: the release keeps them."""
        return self.config["edition"] != "release" or bool(self.own_checksums("gtex_tpm", "gencode_v26"))

    def file_names(self, kind: Literal["upstream", "url"]) -> list[str]:
        """Return the local names of the sources of one kind."""
        return [self.sources[key].local_name for key, location in self.locations.items() if location.kind == kind]

    @property
    def split(self) -> dict[str, Any]:
        """The section `split`; the corrected edition draws held-out genes from all, as the released split did not."""
        return self.config["split"] | ({"gene_pool": None} if self.config["edition"] == "corrected" else {})

    @property
    def simulated(self) -> bool:
        """Whether any source that the arrays are built from is simulated."""
        return "simulated" in self._kinds

    @property
    def data(self) -> str:
        """What a configuration knows of its data; what they are is known from checksums (`data_identity`)."""
        if self.simulated:
            return "simulated sources"
        return "upstream files" if self._kinds == {"upstream"} else "own files"

    @property
    def _kinds(self) -> set[str]:
        return {self.locations[key].kind for key, source in self.sources.items() if source.needed}

    @property
    def own_cres(self) -> str:
        """Why the exported cCRE scores cannot be those of the release; empty where they can.

        No checksum of their source is published, and no other array needs it.
        """
        kind = self.locations["encode_ccre"].kind
        return "" if kind == "upstream" else f"encode_ccre is {'simulated' if kind == 'simulated' else 'an own file'}"

    def plan(self) -> str:
        """Return what a user should know before the first job: origin of the data, runs, tables that are not made."""
        runs = [run for run in self.selection.runs.values() if not run.only_predicts]
        device = {"cpu": "the CPU", "gpu": "a GPU", "auto": "a GPU if there is one, else the CPU"}
        lines = [
            f"Data: {self.data}, edition {self.config['edition']}.",
            f"Runs: {len(runs)} to train where their results are missing, {sum(run.steps for run in runs):,} steps in "
            f"all, on {device[self.config['compute']['device']]}.",
            *(f"Not made: {line}." for line in self.selection.missing_tables()),
            f"Results: {self.results}/.",
        ]
        return "\n".join(lines)


def resolve(config: Mapping[str, Any], root: Path, files: bool = True) -> Settings:
    """Resolve a configuration.

    Parameters
    ----------
    config
        As read from YAML and the command line.
    root
        Folder of the Snakefile, for the schemas and the sources table. In paths of `config` a leading ``~`` is the home
        folder; else they are left as they are.
    files
        Whether a source's file of the user's that is missing counts as a problem.

    Raises
    ------
    TR300MError
        With all problems found in the configuration, or in the first table that has one.
    """
    schema = read_schema(root / SCHEMAS / "config.schema.yaml")
    filled = fill_defaults(config, schema)
    problems = find_problems(filled, schema)
    check("the configuration", problems)
    filled |= {key: _expand(key, filled[key]) for key in PATHS if filled[key]}
    filled["sources"] = {key: _expand(f"sources: {key}", value) for key, value in filled["sources"].items()}
    table = read_sources(root / SOURCES_TABLE)
    problems = check_choices(table, filled["sources"], filled["data"], files)
    for key in ("runs", "architectures"):
        # The tables that come with the workflow are found from any working directory.
        if not Path(filled[key]).is_file() and (root / filled[key]).is_file():
            filled[key] = str(root / filled[key])
    try:
        SimulationConfig.from_dict(filled["simulation"])
    except TR300MError as error:
        problems.append(f"{error.message}; {error.hint}")
    for key in ("genes", "samples", "runs", "architectures"):
        if filled[key] and not Path(filled[key]).is_file():
            problems.append(f"`{key}`: {filled[key]} does not exist; write the path of a file")
    if filled["released_data"] and not Path(filled["released_data"]).exists():
        problems.append(f"`released_data`: {filled['released_data']} does not exist; name the data.zip or its folder")
    check("the configuration", problems)
    architectures = read_architectures(filled["architectures"])
    splits = split_names(filled["split"]["folds"])
    locations = {key: locate(key, filled["sources"], filled["data"]) for key in table}
    selection = RunSelection(
        runs=read_runs(filled["runs"], architectures, splits, root / SCHEMAS / "runs.schema.yaml"),
        architectures=architectures,
        comparisons=read_comparisons(root / COMPARISONS_TABLE),
        baselines=tuple(filled["baselines"]["names"]),
        final_name=filled["final_run"],
        planted=locations["gtex_tpm"].kind == "simulated",
        simulated_regulators=locations["lambert_2018"].kind == "simulated",
    )
    return Settings(filled, filled["results"].rstrip("/"), table, locations, selection)


def _expand(key: str, path: str) -> str:
    """Return a path with the home folder for a leading ``~``, which no shell has seen in a file of settings."""
    expanded = os.path.expanduser(path)
    if expanded.startswith("~"):
        raise TR300MError(
            f"`{key}`: {path}: no home folder is known for {path.partition('/')[0]}", "write the full path"
        )
    return expanded
