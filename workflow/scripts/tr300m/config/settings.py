"""Resolve a configuration: fill in defaults, read its tables, and report all problems before the first job."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..base.axes import RELEASE_TRACKS
from ..base.errors import TR300MError
from ..base.redaction import public, redacted
from .architectures import read_architectures
from .baseline_table import BASELINES, baselines_of
from .external_predictions import external_table
from .genome_parts import check_parts, with_parts
from .motif_choice import MotifChoice
from .run_selection import RunSelection
from .run_table import read_runs, runs_without_bins, split_of_table1
from .schema import check, fill_defaults, find_problems, read_schema
from .simulation import SimulationConfig
from .source_table import SOURCES_TABLE, Location, Source, check_choices, locate, read_sources
from .split_names import split_names, split_pattern
from .thesis_comparisons import read_comparisons
from .tissue_groups import read_tissue_groups
from .track_table import TrackRow, read_tracks, with_needed
from .used_runs import problems_of_use
from .user_paths import expand_paths, missing_paths
from .wide_arrays import wide_problems
from .window import Window, schedule_problems

SCHEMAS = Path("workflow/schemas")
COMPARISONS_TABLE = Path("resources/thesis_comparisons.tsv")
UPSTREAM_FOLDER = "resources/upstream"


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
        if location.kind == "joined":
            return f"{self.results}/genome/parts.fa.gz"
        if self.by_range(key):
            return f"{self.results}/excerpts/{self._download_name(key)}"
        # Files from configured URLs have their own folder, so that a simulated file is never taken for one.
        folder = f"{self.results}/downloads" if location.kind == "url" else UPSTREAM_FOLDER
        return f"{folder}/{self._download_name(key)}"

    @property
    def checkpoints(self) -> str:
        """Folder of the checkpoints of all trainings; folders of results that share a place have their own in it."""
        place = self.config["compute"]["checkpoints"]
        if not place:
            return f"{self.results}/checkpoints"
        # Neither the root nor a step upwards may lead out of the place.
        return str(Path(place, *(part for part in Path(self.results).parts if part not in ("/", ".."))))

    def by_range(self, key: str) -> bool:
        """Whether only windows of a source are fetched: a track in a remote bigWig, if the config says so."""
        return (
            bool(self.config["tracks_by_range"])
            and self.locations[key].kind in ("upstream", "url")
            and any(track.key == key and track.reader == "bigwig" for track in self.tracks)
        )

    def _download_name(self, key: str) -> str:
        location = self.locations[key]
        return self.sources[location.value if location.kind == "upstream" else key].local_name

    def ranges_folder(self, name: str) -> str:
        """Return the folder of what was fetched of a remote track, by its local file name: beside the downloads."""
        key = self._key_of(name)
        folder = UPSTREAM_FOLDER if self.locations[key].kind == "upstream" else f"{self.results}/downloads"
        return f"{folder}/ranges/{name}"

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
                "origin": ("windows of " if self.by_range(key) else "")
                + redacted(
                    self.sources[location.value].urls[0]
                    if location.kind == "upstream"
                    else location.value or location.kind
                ),
                "published_checksum": source.checksum,
            }
        return records

    def download_of(self, name: str) -> dict[str, Any]:
        """Return addresses, size and checksum of the download with a local file name."""
        location = self.locations[self._key_of(name)]
        if location.kind == "url":
            return {"urls": [location.value], "size": None, "checksum": ""}
        row = self.sources[location.value]
        return {"urls": list(row.urls), "size": row.size, "checksum": row.checksum}

    def _key_of(self, name: str) -> str:
        downloads = (key for key, location in self.locations.items() if location.kind in ("upstream", "url"))
        return next(key for key in downloads if self._download_name(key) == name)

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

    @property
    def motifs(self) -> MotifChoice:
        """The section `motifs`."""
        return MotifChoice.from_section(self.config["motifs"])

    def file_names(self, kind: Literal["upstream", "url"]) -> list[str]:
        """Return the local file names of the sources of one kind that are downloaded whole."""
        keys = [key for key, location in self.locations.items() if location.kind == kind]
        return [self._download_name(key) for key in keys if not self.by_range(key)]

    def excerpt_names(self) -> list[str]:
        """Return the local file names of the tracks of which only windows are fetched."""
        return [self._download_name(key) for key in self.locations if self.by_range(key)]

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
    def own_tracks(self) -> bool:
        """Whether the tracks are others than the release's, or in another order."""
        named = [(track.mark, track.cell) for track in self.tracks]
        return named != list(RELEASE_TRACKS) or any(not track.key.endswith(f"_{track.name}") for track in self.tracks)

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
        runs = [run for name in self.selection.networks if not (run := self.selection.runs[name]).only_predicts]
        fits = [name for name in self.selection.factorised_runs if not self.selection.runs[name].only_predicts]
        steps = sum(run.steps or 0 for run in runs)
        device = {"cpu": "the CPU", "gpu": "a GPU", "auto": "a GPU if there is one, else the CPU"}
        lines = [
            f"Data: {self.data}, edition {self.config['edition']}.",
            f"Runs: {len(runs)} to train where their results are missing, {steps:,} steps in all, on "
            f"{device[self.config['compute']['device']]}.",
            *([f"Factorised models: {len(fits)} to fit where their results are missing."] if fits else []),
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
        Whether a missing local file of a source, or of the published data, is a problem.

    Raises
    ------
    TR300MError
        If there are problems in the configuration or in a table; all problems of the first such file are listed.
    """
    schema = read_schema(root / SCHEMAS / "config.schema.yaml")
    filled = fill_defaults(config, schema)
    problems = find_problems(filled, schema)
    check("the configuration", problems)
    filled = expand_paths(filled)
    problems = schedule_problems(filled["network"]["pooling"], Window.of(filled["window"]))
    problems += wide_problems(filled["wide"], filled["tracks_by_range"])
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
    parts = filled["genome_parts"]
    table = with_parts(with_needed(upstream, tracks), parts)
    problems += check_choices(table, filled["sources"], filled["data"], files)
    problems += check_parts(parts, upstream, filled["sources"], filled["data"])
    try:
        SimulationConfig.from_dict(filled["simulation"])
    except TR300MError as error:
        problems.append(f"{error.message}; {error.hint}")
    problems += missing_paths(filled if files else filled | {"released_data": None})
    check("the configuration", problems)
    if filled["split"]["tissue_groups"]:
        read_tissue_groups(filled["split"]["tissue_groups"])
    architectures = read_architectures(filled["architectures"])
    splits = split_names(filled["split"]["folds"])
    table |= tracks.sources
    choices = filled["sources"] | tracks.choices
    locations = {key: locate(key, table, choices, filled["data"]) for key in table}
    if parts:
        locations["genome"] = Location("joined", ", ".join(parts))
    chosen = filled["evaluation"]["level_change_runs"]
    runs = read_runs(filled["runs"], architectures, splits, root / SCHEMAS / "runs.schema.yaml")
    check(filled["runs"], [] if filled["wide"]["mark_edges"] else runs_without_bins(runs))
    check("the configuration", problems_of_use(filled["use"], runs))
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
    check(
        "the configuration", _too_narrow(selection, len({row.mark for row in tracks.rows}), filled["network"]["width"])
    )
    return Settings(filled, filled["results"].rstrip("/"), table, locations, tracks.rows, selection)


def _too_narrow(selection: RunSelection, marks: int, width: int) -> list[str]:
    """Return a problem for each architecture in use whose branches leave no channel of the trunk."""
    used = {run.architecture: selection.architecture(name) for name, run in selection.runs.items()}
    networks = {key: architecture for key, architecture in used.items() if not architecture.factorised}
    taken = {key: architecture.branch_channels(marks) for key, architecture in networks.items()}
    return [
        f"`network: width`: {width} channels are too few for {key} with {marks} marks; write more than {channels}"
        for key, channels in taken.items()
        if width <= channels
    ]
