import dataclasses
import re
import sys
from pathlib import Path

# Of this file, so that `module:` in another workflow finds it too.
ROOT = Path(str(workflow.current_basedir)).parents[1]
SCRIPTS = ROOT / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))

from snakemake.exceptions import WorkflowError
from snakemake.io import sourcecache_entry

from tr300m.config import code_hash as provenance, settings
from tr300m.base.axes import ARRAYS, CELLS, MARKS
from tr300m.config.baseline_table import BASELINES
from tr300m.config.factorised_models import gene_blocks
from tr300m.dataset.dataset import BINS_TABLE, TABLES
from tr300m.base.environment import import_in_jobs
from tr300m.base.errors import TR300MError
from tr300m.features.gene_features import FEATURES
from tr300m.base.redaction import shareable
from tr300m.release.export import RECIPES
from tr300m.release.published import read_published
from tr300m.config.model_rows import model_rows
from tr300m.config.option_groups import option_groups
from tr300m.config.run_table import trained_run
from tr300m.config.split_names import split_pattern
from tr300m.config.window import Window
from tr300m.dataset.split_schemes import scheme_settings
from tr300m.dataset.splits import PARTS

import_in_jobs(SCRIPTS)


def or_stop(function):
    """Return the function with refusals as Snakemake shows them: the message without a traceback."""

    def call(*arguments):
        try:
            return function(*arguments)
        except TR300MError as error:
            raise WorkflowError(str(error)) from None

    return call


# Not by `or_stop`, which would add a line to the message that users see most.
try:
    # In a job on another machine, what this one found there may be missing: the jobs that read it run here.
    SETTINGS = settings.resolve(config, ROOT, files=not workflow.remote_exec)
except TR300MError as error:
    raise WorkflowError(str(error)) from None

config = SETTINGS.config
SELECTION, RESULTS, UPSTREAM = SETTINGS.selection, SETTINGS.results, settings.UPSTREAM_FOLDER
RUNS = SELECTION.runs
MODEL_ROWS, OPTION_GROUPS = model_rows(SELECTION), option_groups(SELECTION)
# Tables of what the sources lack, beside the axes in the dataset folder.
ABSENT = ["absent_genes", "absent_regulators", "silent_chromosomes"]
# Of a model, in its folder; `unshared` is of the genes that share a promoter with no gene that trains.
SCORE_FILES = {
    "metrics": "metrics.{part}.json",
    "draws": "bootstrap.{part}.npz",
    "unshared_metrics": "metrics.{part}.unshared.json",
    "unshared_draws": "bootstrap.{part}.unshared.npz",
}
SPLITS = split_pattern(config["split"]["folds"])
TRACKS = {track.name: track for track in SETTINGS.tracks}
EXTERNAL = {row.name: row for row in SELECTION.external}
simulated_path = SETTINGS.simulated_path
PUBLISHED = read_published(str(ROOT / "resources/release_manifest.tsv"))


def either(names):
    """Return a regular expression for any of the names; for none it matches nothing."""
    return "|".join(map(re.escape, names)) or "(?!)"


def shipped(path):
    """Return a file of this repository as an input: it travels with the rules, and lies in no bucket."""
    # Not by `local`, which would keep the job on the machine that runs Snakemake.
    return sourcecache_entry(str(ROOT / path), path)


def travelling(path):
    """Return a small file of the user's as an input, or none: it travels with the rules if git tracks it."""
    return sourcecache_entry(path, path) if path else []


def source_path(key):
    """Return the path of a source as an input; empty if it is none."""
    path = SETTINGS.source_path(key)
    # Where machines share no disk, a job that reads the user's own file runs where Snakemake does.
    return local(path) if SETTINGS.locations[key].kind == "local" else path


def own_sources(*keys):
    """Return the sources that may be other files than the release's, in the order of their checksums."""
    paths = SETTINGS.own_checksums(*keys)
    return [source_path(key) for key in keys if SETTINGS.source_path(key) in paths]


def code_hash(*scripts):
    """Return the hash of the modules that scripts import: results are rebuilt when it changes."""
    return provenance.code_hash(*(SCRIPTS / script for script in scripts))


ARRAY_SCRIPTS = [
    f"{name}.py"
    for name in "gene_lines genes samples expression motifs genome onehot histone_track histones wide_bases wide_track wide_marks manifest".split()
]


def dataset_files():
    """Return all arrays and tables of the dataset folder."""
    files = [f"{name}.npy" for name in ARRAYS] + [f"{name}.tsv" for name in [*TABLES, "tissues", *ABSENT]]
    files += ["wide_bases.npy"] if config["wide"]["sequence"] else []
    files += ["wide_marks.npy", BINS_TABLE] if config["wide"]["mark_edges"] else []
    files += ["body_marks.npy"] if config["wide"]["gene_body"] else []
    return [f"{RESULTS}/dataset/{name}" for name in files]


def refuse_unlike_release():
    """Stop where the released arrays are asked of another edition or window."""
    if config["edition"] != "release":
        raise TR300MError(
            f"edition {config['edition']} is not the release", "set `edition: release` to export or compare it"
        )
    if SETTINGS.window != Window():
        raise TR300MError(
            f"the window of {SETTINGS.window.width:,} bp is not that of the release",
            "leave out `window` to export or compare it",
        )


def refuse_other_tracks():
    """Stop where the released histone array is asked of other tracks."""
    if SETTINGS.own_tracks:
        raise TR300MError(
            f"{config['tracks']} has other tracks than the release", "set `tracks: config/tracks.tsv` to export hmArr"
        )


@or_stop
def released_source(wildcards):
    """Return the file that a released array comes from."""
    refuse_unlike_release()
    if wildcards.array == "hmArr":
        refuse_other_tracks()
    return f"{RESULTS}/{RECIPES[wildcards.array].file}"


@or_stop
def released_data(wildcards):
    """Return the user's copy of the published data."""
    refuse_unlike_release()
    if not config["released_data"]:
        raise TR300MError(
            "compare_release.tsv needs the published data",
            "set `released_data: /path/to/data.zip` (or the folder of its files) in the config, or give "
            "--config released_data=/path/to/data.zip",
        )
    return local(config["released_data"])


def run_row(wildcards):
    """Return the row of the run table: what a rerun is decided by."""
    return dataclasses.asdict(RUNS[wildcards.run])


def architecture_row(wildcards):
    """Return the architecture's row: what a rerun is decided by."""
    return dataclasses.asdict(SELECTION.architecture(wildcards.run))


def likelihood_settings(wildcards):
    """Return the settings of a run's output distribution: what a rerun is decided by."""
    return config["likelihoods"][RUNS[wildcards.run].likelihood]


def split_settings(wildcards):
    """Return what a split depends on: another setting draws no other split anew."""
    return scheme_settings(wildcards.split, SETTINGS.split)


def split_file(wildcards):
    """Return the split of a run."""
    return f"{RESULTS}/splits/{RUNS[wildcards.run].split}.tsv"


def predictions_of_model(wildcards):
    """Return the predictions of a model by its folder: one file, or one of each fold."""
    return [f"{RESULTS}/{folder}/predictions.{wildcards.part}.npz" for folder in SELECTION.folders(wildcards.model)]


def splits_of_model(wildcards):
    """Return the split of each file of `predictions_of_model`."""
    return [f"{RESULTS}/splits/{SELECTION.split_of(folder)}.tsv" for folder in SELECTION.folders(wildcards.model)]


def records_of_model(wildcards):
    """Return the record of each run of `predictions_of_model`; none of other models."""
    return [
        f"{RESULTS}/{folder}/run.json" for folder in SELECTION.folders(wildcards.model) if folder.startswith("runs/")
    ]


def reused_files(wildcards):
    """Return the files of the trained run whose weights a run predicts with."""
    folder = f"{RESULTS}/runs/{trained_run(wildcards.run, RUNS)}"
    return {"weights": f"{folder}/model.weights.h5", "history": f"{folder}/history.tsv", "record": f"{folder}/run.json"}


def reused_fit(wildcards):
    """Return the files of the fitted run whose model a run predicts with."""
    folder = f"{RESULTS}/runs/{trained_run(wildcards.run, RUNS)}"
    return {"model": f"{folder}/model.npz", "record": f"{folder}/run.json"}


def features_of_model(wildcards):
    """Return the gene features that a factorised model reads."""
    wide = config["wide"]
    names = gene_blocks(bool(wide["mark_edges"]), bool(wide["sequence"]), wide["gene_body"])
    return [f"{RESULTS}/baselines/features/{name}.npy" for name in names]


def features_of_baselines(wildcards):
    """Return the gene features that any of the baselines reads."""
    names = dict.fromkeys(name for baseline in SELECTION.baselines for name in BASELINES[baseline].features)
    return [f"{RESULTS}/baselines/features/{name}.npy" for name in names]


def scan_files(wildcards):
    """Return the cached scan where the run uses it."""
    run = RUNS[wildcards.run]
    names = ("pooled.npy", "core.npy", "scan.json") if run.reads_scan else ()
    folder = "scan_both_strands" if run.options.get("both_strands") else "scan"
    return [f"{RESULTS}/{folder}/{name}" for name in names]


def own_tf_zeroed(wildcards):
    """Return the predictions without the genes' own TPM, where a run reads it."""
    path = f"{RESULTS}/runs/{wildcards.run}/predictions.{wildcards.part}.own_tf_zeroed.npz"
    return [path] if SELECTION.reads_own_level(wildcards.run) else []


def controls(wildcards):
    """Return the runs of the table of controls, or say that there are none."""
    if not SELECTION.control_runs:
        raise TR300MError(f"{config['runs']} has no run under a control", "add one, see docs/architecture.md")
    return SELECTION.control_runs


def seeds(wildcards):
    """Return the runs of the table of seeds, or say that there are none."""
    if not SELECTION.seed_groups:
        raise TR300MError(f"{config['runs']} has no two runs that differ in their seed alone", "add a row")
    return [run for runs in SELECTION.seed_groups for run in runs]


def files_of_option_groups(file):
    """Return an input function: a file of each run with options and of the same runs without, group by group."""

    def files(wildcards):
        if not OPTION_GROUPS:
            raise TR300MError(f"{config['runs']} has no run with options beside the same run without", "add a row")
        return [
            f"{RESULTS}/{folder}/{file.format(part=group.part)}"
            for group in OPTION_GROUPS
            for folder in [*group.folders, *group.references]
        ]

    return or_stop(files)


def of_runs(file, runs):
    """Return an input function: a file of each run that `runs`, a function of the wildcards, names."""
    return or_stop(lambda wildcards: [f"{RESULTS}/runs/{run}/{file}" for run in runs(wildcards)])


def compared(wildcards):
    """Return the two runs of one of Tables 3-7."""
    return SELECTION.compared(wildcards.number)


def gpus(count=1):
    """Return how many GPUs a training or prediction asks the scheduler for."""
    return 0 if config["compute"]["device"] == "cpu" else count


def grows(amount):
    """Return a resource that grows with each resubmission of a job: at first the amount, then twice as much, and so on."""
    return lambda wildcards, attempt: amount * attempt


def files_of_final_run(name):
    """Return an input function: a file of the run of Table 2."""
    return or_stop(lambda wildcards: f"{RESULTS}/runs/{SELECTION.required_final_run()}/{name}")


def used_runs(wildcards):
    """Return the files of the used runs."""
    files = []
    for run in config["use"]["runs"]:
        model = "model.npz" if run in SELECTION.factorised_runs else "model.weights.h5"
        files += [f"{RESULTS}/runs/{run}/{model}", f"{RESULTS}/runs/{run}/run.json"]
    return files


def used_split(wildcards):
    """Return the split of the used runs."""
    return f"{RESULTS}/splits/{RUNS[config['use']['runs'][0]].split}.tsv"
