"""Resolve a configuration: fill in defaults, read its tables, and report all problems before the first job."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..base.errors import TR300MError
from ..base.redaction import public, redacted
from .architectures import read_architectures
from .baseline_table import BASELINES, baselines_of
from .external_predictions import external_table
from .run_selection import RunSelection
from .run_table import read_runs, split_names, split_of_table1, split_pattern
from .schema import check, fill_defaults, find_problems, read_schema
from .simulation import SimulationConfig
from .source_table import HISTONE_PREFIX, SOURCES_TABLE, Location, Source, check_choices, locate, read_sources
from .thesis_comparisons import read_comparisons
from .tissue_groups import read_tissue_groups
from .track_table import TrackRow, read_tracks, with_needed
from .window import Window, schedule_problems

SCHEMAS = Path("workflow/schemas")
COMPARISONS_TABLE = Path("resources/thesis_comparisons.tsv")
UPSTREAM_FOLDER = "resources/upstream"
PATHS = ("results", "data", "genes", "samples", "runs", "architectures", "tracks", "released_data")
"""Keys whose values are paths; the values in `sources` may be paths too."""
MOTIF_PATHS = ("file", "map")
"""Keys of the section `motifs` whose values are paths."""


@dataclass(frozen=True)
class Settings:
    """A resolved configuration, as the rules use it.

    Attributes
    ----------
    config
        All keys, including defaults.
    results
        Folder of all results.
    sources
        Rows of the sources table by key, then the files that the table of tracks names itself; sources that are not
        `needed` are read only by some targets.
    locations
        Location of each source by key.
    tracks
        Tracks in the order of the axis.
    selection
        Which runs and baselines each table shows.
    """

    config: dict[str, Any]
    results: str
    sources: dict[str, Source]
    locations: dict[str, Location]
    tracks: tuple[TrackRow, ...]
    selection: RunSelection

    def source_path(self, key: str) -> str:
        """Return the path of a source, which may be downloaded, simulated or a local file; empty if it is none."""
        location = self.locations[key]
        if location.kind == "none":
            return ""
        if location.kind == "local":
            return location.value
        if location.kind == "simulated":
            return self.simulated_path(key)
        # Files from configured URLs have their own folder, so that a simulated file is never taken for one.
        if location.kind == "url":
            return f"{self.results}/downloads/{self.sources[key].local_name}"
        return f"{UPSTREAM_FOLDER}/{self.sources[location.value].local_name}"

    def simulated_path(self, key: str) -> str:
        """Return the path of a source if it is simulated."""
        return f"{self.results}/sources/{self.sources[key].local_name}"

    def source_records(self) -> dict[str, dict[str, str]]:
        """Return path, origin and published checksum of each needed source, for the manifest.

        The published checksum is that of the release's file. Local files have one too, because they may be that file.
        The path of a source that is ``none`` is empty.
        """
        records = {}
        for key, source in self.sources.items():
            if not source.needed:
                continue
            location = self.locations[key]
            records[key] = {
                "path": self.source_path(key),
                "origin": redacted(
                    self.sources[location.value].urls[0]
                    if location.kind == "upstream"
                    else location.value or location.kind
                ),
                "published_checksum": source.checksum,
            }
        return records

    def download_of(self, name: str) -> dict[str, Any]:
        """Return addresses, size and checksum of the download with a local file name."""
        downloads = (key for key, location in self.locations.items() if location.kind in ("upstream", "url"))
        key = next(key for key in downloads if Path(self.source_path(key)).name == name)
        location = self.locations[key]
        if location.kind == "url":
            return {"urls": [location.value], "size": None, "checksum": ""}
        row = self.sources[location.value]
        return {"urls": list(row.urls), "size": row.size, "checksum": row.checksum}

    def public_download(self, name: str) -> dict[str, Any]:
        """Return `download_of` without credentials; Snakemake stores it and reruns the download if it changes."""
        wanted = self.download_of(name)
        return {**wanted, "urls": [public(url) for url in wanted["urls"]]}

    def own_checksums(self, *keys: str) -> dict[str, str]:
        """Return the published checksum of the release for the sources that may be other files, by path."""
        own = [key for key in keys if self.locations[key] not in (Location("upstream", key), Location("simulated"))]
        return {self.source_path(key): self.sources[key].checksum for key in own}

    @property
    def may_drop_genes(self) -> bool:
        """Whether target genes that the GCT lacks may be dropped; the release keeps them."""
        return self.config["edition"] != "release" or bool(self.own_checksums("expression", "annotation"))

    @property
    def takes_chromosomes_of_genome(self) -> bool:
        """Whether the target genes are on all chromosomes of an annotation of the user's that the FASTA has.

        If not, the configuration names the chromosomes, or they are the 24 of the release.
        """
        location = self.locations["annotation"]
        is_default = location.kind == "simulated" or location == Location("upstream", "annotation")
        return self.config["chromosomes"] is None and not is_default

    def file_names(self, kind: Literal["upstream", "url"]) -> list[str]:
        """Return the local file names of the sources of one kind."""
        return [Path(self.source_path(key)).name for key, location in self.locations.items() if location.kind == kind]

    @property
    def window(self) -> Window:
        """The promoter window."""
        return Window.of(self.config["window"])

    @property
    def network(self) -> dict[str, Any]:
        """The section `network` as the model takes it: with the length of the window and its pooling schedule."""
        values = dict(self.config["network"])
        schedule = values.pop("pooling") or self.window.schedule
        return {**values, "length": self.window.width, "schedule": [list(segment) for segment in schedule]}

    @property
    def split(self) -> dict[str, Any]:
        """The section `split` with the groups of tissues, or None, in place of the path of their table.

        The corrected edition draws held-out genes from all genes, unlike the release.
        """
        table = self.config["split"]["tissue_groups"]
        # The content, so that an edited table draws the split again.
        groups = {"tissue_groups": read_tissue_groups(table) if table else None}
        return self.config["split"] | groups | ({"gene_pool": None} if self.config["edition"] == "corrected" else {})

    @property
    def simulated(self) -> bool:
        """Whether any source of the arrays is simulated."""
        return "simulated" in self._kinds

    @property
    def data(self) -> str:
        """Name of the data as far as the configuration tells; `dataset.data_identity` uses checksums."""
        if self.simulated:
            return "simulated sources"
        return "upstream files" if self._kinds == {"upstream"} else "own files"

    @property
    def _kinds(self) -> set[str]:
        return {self.locations[key].kind for key, source in self.sources.items() if source.needed}

    @property
    def own_cres(self) -> str:
        """Why the exported cCRE scores cannot be those of the release; empty if they can.

        The source has no published checksum, and no other array depends on it.
        """
        kind = self.locations["ccres"].kind
        return "" if kind == "upstream" else f"ccres is {'simulated' if kind == 'simulated' else 'an own file'}"

    def _window_lines(self) -> list[str]:
        """Return what the user should know of a window that is not the release's."""
        if self.window == Window():
            return []
        pooled = ", ".join(f"{length} bp by {factor}" for length, factor in self.network["schedule"])
        return [
            f"Window: {self.window.upstream:,} bp upstream to {self.window.downstream:,} bp downstream of the TSS, not "
            f"the release's; motif scores pooled: {pooled}."
        ]

    def plan(self) -> str:
        """Return a summary for the user: origin of the data, runs to train, tables that will not be made."""
        runs = [run for run in self.selection.runs.values() if not run.only_predicts]
        device = {"cpu": "the CPU", "gpu": "a GPU", "auto": "a GPU if there is one, else the CPU"}
        lines = [
            f"Data: {self.data}, edition {self.config['edition']}.",
            f"Runs: {len(runs)} to train where their results are missing, {sum(run.steps for run in runs):,} steps in "
            f"all, on {device[self.config['compute']['device']]}.",
            *self._window_lines(),
            *(f"Not made: {line}." for line in self.selection.missing_tables()),
            f"Results: {self.results}/.",
        ]
        return "\n".join(lines)


def resolve(config: Mapping[str, Any], root: Path, files: bool = True) -> Settings:
    """Resolve a configuration.

    Parameters
    ----------
    config
        Keys as read from YAML and the command line.
    root
        Folder of the Snakefile, which holds the schemas and the sources table. Paths in `config` are relative to the
        working directory; a leading ``~`` is replaced by the home folder.
    files
        Whether a missing local file of a source is a problem.

    Raises
    ------
    TR300MError
        If there are problems in the configuration or in a table; all problems of the first such file are listed.
    """
    schema = read_schema(root / SCHEMAS / "config.schema.yaml")
    filled = fill_defaults(config, schema)
    problems = find_problems(filled, schema)
    check("the configuration", problems)
    filled |= {key: _expand(key, filled[key]) for key in PATHS if filled[key]}
    filled["motifs"] = {
        key: _expand(f"motifs: {key}", value) if key in MOTIF_PATHS and value else value
        for key, value in filled["motifs"].items()
    }
    if table_path := filled["split"]["tissue_groups"]:
        filled["split"] = filled["split"] | {"tissue_groups": _expand("split: tissue_groups", table_path)}
    filled["sources"] = {key: _expand(f"sources: {key}", value) for key, value in filled["sources"].items()}
    problems = schedule_problems(filled["network"]["pooling"], Window.of(filled["window"]))
    if filled["wide"]["mark_edges"] != sorted(filled["wide"]["mark_edges"]):
        problems.append(f"`wide: mark_edges`: {filled['wide']['mark_edges']} do not ascend; write the smallest first")
    for key in ("runs", "architectures", "tracks"):
        # Tables of the workflow are found from any working directory.
        if not Path(filled[key]).is_file() and (root / filled[key]).is_file():
            filled[key] = str(root / filled[key])
    if not Path(filled["tracks"]).is_file():
        check(
            "the configuration", [f"`tracks`: {filled['tracks']} does not exist; write the path of a table of tracks"]
        )
    upstream = read_sources(root / SOURCES_TABLE)
    tracks = read_tracks(filled["tracks"], upstream, filled["sources"], filled["data"], files)
    table = with_needed(upstream, tracks, HISTONE_PREFIX)
    problems += check_choices(table, filled["sources"], filled["data"], files)
    try:
        SimulationConfig.from_dict(filled["simulation"])
    except TR300MError as error:
        problems.append(f"{error.message}; {error.hint}")
    for key in ("genes", "samples", "runs", "architectures"):
        if filled[key] and not Path(filled[key]).is_file():
            problems.append(f"`{key}`: {filled[key]} does not exist; write the path of a file")
    for key in MOTIF_PATHS:
        if filled["motifs"][key] and not Path(filled["motifs"][key]).is_file():
            problems.append(f"`motifs: {key}`: {filled['motifs'][key]} does not exist; write the path of a file")
    if filled["released_data"] and not Path(filled["released_data"]).exists():
        problems.append(f"`released_data`: {filled['released_data']} does not exist; name the data.zip or its folder")
    check("the configuration", problems)
    if filled["split"]["tissue_groups"]:
        read_tissue_groups(filled["split"]["tissue_groups"])
    architectures = read_architectures(filled["architectures"])
    splits = split_names(filled["split"]["folds"])
    table |= tracks.sources
    choices = filled["sources"] | tracks.choices
    locations = {key: locate(key, table, choices, filled["data"]) for key in table}
    chosen = filled["evaluation"]["level_change_runs"]
    runs = read_runs(filled["runs"], architectures, splits, root / SCHEMAS / "runs.schema.yaml")
    external, problems = external_table(
        filled["external_predictions"],
        split_of_table1(runs),
        split_pattern(filled["split"]["folds"]),
        BASELINES,
    )
    check("the configuration", problems)
    selection = RunSelection(
        runs=runs,
        architectures=architectures,
        comparisons=read_comparisons(root / COMPARISONS_TABLE),
        baselines=baselines_of(filled["baselines"]["names"], bool(filled["wide"]["mark_edges"])),
        final_name=filled["final_run"],
        planted=locations["expression"].kind == "simulated",
        simulated_regulators=locations["regulators"].kind == "simulated",
        level_change_runs=None if chosen is None else tuple(chosen),
        external=external,
    )
    return Settings(filled, filled["results"].rstrip("/"), table, locations, tracks.rows, selection)


def _expand(key: str, path: str) -> str:
    """Return a path with the home folder in place of a leading ``~``."""
    expanded = os.path.expanduser(path)
    if expanded.startswith("~"):
        raise TR300MError(
            f"`{key}`: {path}: no home folder is known for {path.partition('/')[0]}", "write the full path"
        )
    return expanded
