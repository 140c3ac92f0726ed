import os
import sys
from pathlib import Path

ROOT = Path(workflow.basedir)
SCRIPTS = ROOT / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))

from tr300m import provenance, runs, sources
from tr300m.config import check, fill_defaults, find_problems, read_schema
from tr300m.errors import TR300MError
from tr300m.histones import CELLS, MARKS


def refuse(error):
    """Stop before any job, with the message alone."""
    from snakemake.exceptions import WorkflowError

    raise WorkflowError(str(error))


def resolve_config():
    """Fill in defaults and check the configuration and its tables; all problems are reported at once."""
    schema = read_schema(ROOT / "workflow/schemas/config.schema.yaml")
    filled = fill_defaults(config, schema)
    check("the configuration", find_problems(filled, schema))
    table = sources.read_sources(ROOT / "config/sources.tsv")
    check(
        "the configuration",
        sources.check_choices(table, filled["sources"], filled["data"]),
    )
    for key in ("genes", "samples"):
        if filled[key] and not Path(filled[key]).is_file():
            check(
                "the configuration",
                [
                    f"`{key}`: {filled[key]} does not exist; write the path of a list of IDs"
                ],
            )
    run_table = runs.read_runs(
        filled["runs"],
        filled["architectures"],
        ROOT / "workflow/schemas/runs.schema.yaml",
    )
    return filled, table, run_table


try:
    config, SOURCES, RUNS = resolve_config()
except TR300MError as error:
    refuse(error)

RESULTS = config["results"].rstrip("/")
TRACKS = [f"{mark}_{cell}" for mark in MARKS for cell in CELLS]
PARTS = ("validation", "test")
UPSTREAM = "resources/upstream"
ARRAY_NAMES = "onehot expression regulator_levels motif_map tf_levels tissue histones pssm core".split()
TABLE_NAMES = (
    "genes samples donors tissues regulators motifs core_motifs tracks".split()
)
LOCATIONS = {
    key: sources.locate(key, config["sources"], config["data"])
    for key, source in SOURCES.items()
    if source.needed or key in config["sources"]
}


def source_path(key):
    """Return the path of an upstream file: downloaded, simulated or the user's own."""
    location = LOCATIONS[key]
    if location.kind == "local":
        return location.value
    folder = UPSTREAM if location.kind == "upstream" else f"{RESULTS}/sources"
    return f"{folder}/{SOURCES[key].local_name}"


def simulated(key):
    """Return the path of a simulated source."""
    return f"{RESULTS}/sources/{SOURCES[key].local_name}"


def source_record(key):
    """Return what the manifest says of a source: where it came from and its published checksum."""
    location, source = LOCATIONS[key], SOURCES[key]
    origin = {
        "upstream": source.urls[0] if source.urls else "",
        "simulated": "simulated",
    }
    return {
        "path": source_path(key),
        "origin": origin.get(location.kind, location.value),
        "published_checksum": source.checksum if location.kind == "upstream" else "",
    }


def names_of(kind):
    """Return a regular expression for the file names of the sources of one kind; it matches nothing if there is none."""
    names = [
        SOURCES[key].local_name
        for key, location in LOCATIONS.items()
        if location.kind == kind
    ]
    return "|".join(name.replace(".", r"\.") for name in names) or "(?!)"


def source_named(name):
    """Return the row of the sources table for a file name, with the user's URL where one is given."""
    key = next(key for key, source in SOURCES.items() if source.local_name == name)
    if LOCATIONS[key].kind == "url":
        return {
            "urls": [LOCATIONS[key].value],
            "size": None,
            "checksum": "",
            "terms": "",
        }
    source = SOURCES[key]
    return {
        "urls": list(source.urls),
        "size": source.size,
        "checksum": source.checksum,
        "terms": source.terms,
    }


def code_hash(script):
    """Return the hash of the modules that a script imports: results are rebuilt when it changes."""
    return provenance.code_hash(SCRIPTS / script)


def dataset_files():
    """Return all files of the dataset folder."""
    return [f"{RESULTS}/dataset/{name}.npy" for name in ARRAY_NAMES] + [
        f"{RESULTS}/dataset/{name}.tsv" for name in TABLE_NAMES
    ]


def run_of(wildcards):
    """Return the row of the run table."""
    return RUNS[wildcards.run]


def scan_files(wildcards):
    """Return the cached scan where the run uses it."""
    names = ("pooled", "core") if RUNS[wildcards.run].scan == "cached" else ()
    return [f"{RESULTS}/scan/{name}.npy" for name in names]


def gpus():
    """Return how many GPUs a training or prediction asks the scheduler for."""
    return 0 if config["compute"]["device"] == "cpu" else 1


def table1_runs():
    """Return the runs of Table 1: the thesis's split and output, no control, first row of each architecture."""
    chosen = {}
    for name, run in RUNS.items():
        if (run.split, run.likelihood, run.control) == (
            "thesis",
            "nb_exponential",
            "none",
        ):
            chosen.setdefault(run.architecture, name)
    return list(chosen.values())
