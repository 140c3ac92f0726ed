import dataclasses
import os
import re
import sys
from pathlib import Path

# Of this file, so that `module:` in another workflow finds it too.
ROOT = Path(str(workflow.current_basedir)).parents[1]
SCRIPTS = ROOT / "workflow" / "scripts"
sys.path.insert(0, str(SCRIPTS))
# Jobs import this package, not one that happens to be installed: `script:` puts its own folder last.
os.environ["PYTHONPATH"] = os.pathsep.join([str(SCRIPTS), *filter(None, [os.environ.get("PYTHONPATH")])])

from snakemake.exceptions import WorkflowError

from tr300m.config import code_hash as provenance, settings
from tr300m.base.axes import ARRAYS, CELLS, MARKS
from tr300m.baselines.table import BASELINES
from tr300m.dataset.dataset import TABLES
from tr300m.base.errors import TR300MError
from tr300m.features.gene_features import FEATURES
from tr300m.base.redaction import shareable
from tr300m.release.export import RECIPES
from tr300m.release.published import read_published
from tr300m.config.run_table import split_names, trained_run
from tr300m.dataset.split_schemes import scheme_settings
from tr300m.dataset.splits import PARTS

try:
    SETTINGS = settings.resolve(config, ROOT)
except TR300MError as error:
    raise WorkflowError(str(error)) from None

config = SETTINGS.config
RUNS, RESULTS, UPSTREAM = SETTINGS.runs, SETTINGS.results, settings.UPSTREAM
# Tables of what the sources lack, beside the axes in the dataset folder.
ABSENT = ["absent_genes", "silent_chromosomes"]
SPLITS = split_names(config["split"]["folds"])
TRACKS = [f"{mark}_{cell}" for mark in MARKS for cell in CELLS]
source_path, simulated_path = SETTINGS.source_path, SETTINGS.simulated_path
RELEASE_TABLE = str(ROOT / "resources/release_manifest.tsv")
PUBLISHED = read_published(RELEASE_TABLE)


def either(names):
    """Return a regular expression for any of the names; for none it matches nothing."""
    return "|".join(map(re.escape, names)) or "(?!)"


def code_hash(*scripts):
    """Return the hash of the modules that scripts import: results are rebuilt when it changes."""
    return provenance.code_hash(*(SCRIPTS / script for script in scripts))


ARRAY_SCRIPTS = [
    f"{name}.py"
    for name in "gene_lines genes samples expression motifs genome onehot histone_track histones manifest".split()
]


def dataset_files():
    """Return all arrays and tables of the dataset folder."""
    files = [f"{name}.npy" for name in ARRAYS] + [f"{name}.tsv" for name in [*TABLES, "tissues", *ABSENT]]
    return [f"{RESULTS}/dataset/{name}" for name in files]


def refuse_corrected():
    """Stop where the released arrays are asked of the edition that is not them."""
    if config["edition"] != "release":
        raise WorkflowError(
            f"edition {config['edition']} is not the release: set `edition: release` to export or compare it"
        )


def released_source(wildcards):
    """Return the file that a released array comes from."""
    refuse_corrected()
    return f"{RESULTS}/{RECIPES[wildcards.array].file}"


def released_data(wildcards):
    """Return the user's copy of the published data."""
    refuse_corrected()
    if not config["released_data"]:
        raise WorkflowError(
            "compare_release.tsv needs the published data: set `released_data: /path/to/data.zip` (or the folder of its "
            "files) in the config, or give --config released_data=/path/to/data.zip"
        )
    return config["released_data"]


def run_row(wildcards):
    """Return the row of the run table: what a rerun is decided by."""
    return dataclasses.asdict(RUNS[wildcards.run])


def architecture_row(wildcards):
    """Return the architecture's row: what a rerun is decided by."""
    return dataclasses.asdict(SETTINGS.architectures[RUNS[wildcards.run].architecture])


def likelihood_settings(wildcards):
    """Return the settings of a run's output distribution: what a rerun is decided by."""
    return config["likelihoods"][RUNS[wildcards.run].likelihood]


def split_settings(wildcards):
    """Return what a split depends on: another setting draws no other split anew."""
    return scheme_settings(wildcards.split, SETTINGS.split)


def split_file(wildcards):
    """Return the split of a run."""
    return f"{RESULTS}/splits/{RUNS[wildcards.run].split}.tsv"


def split_of_model(wildcards):
    """Return the split of a run or a baseline, by its folder."""
    kind, name = wildcards.model.split("/")[:2]
    return f"{RESULTS}/splits/{RUNS[name].split if kind == 'runs' else name}.tsv"


def reused_files(wildcards):
    """Return the files of the trained run whose weights a run predicts with."""
    folder = f"{RESULTS}/runs/{trained_run(wildcards.run, RUNS)}"
    return {"weights": f"{folder}/model.weights.h5", "history": f"{folder}/history.tsv", "record": f"{folder}/run.json"}


def scan_files(wildcards):
    """Return the cached scan where the run uses it."""
    names = ("pooled.npy", "core.npy", "scan.json") if RUNS[wildcards.run].reads_scan else ()
    return [f"{RESULTS}/scan/{name}" for name in names]


def reads_own_level(run):
    """Return whether a gene's own TPM can be an input of a run: controls, which ask something else, aside."""
    return RUNS[run].control == "none" and SETTINGS.architectures[RUNS[run].architecture].reads_levels


def own_tf_zeroed(wildcards):
    """Return the predictions without the genes' own TPM, where a run reads it."""
    path = f"{RESULTS}/runs/{wildcards.run}/predictions.{wildcards.part}.own_tf_zeroed.npz"
    return [path] if reads_own_level(wildcards.run) else []


def label_of(run):
    """Return the name of a run in tables."""
    return RUNS[run].label(SETTINGS.architectures[RUNS[run].architecture].label)


def final_run():
    """Return the run of Table 2, or say that there is none."""
    if SETTINGS.final_run is None:
        raise WorkflowError(f"{SETTINGS.missing_tables()[0]}. Hint: add the row, or name another run in `final_run`")
    return SETTINGS.final_run


def controls(wildcards):
    """Return the runs of the table of controls, or say that there are none."""
    if not SETTINGS.control_runs:
        raise WorkflowError(f"{config['runs']} has no run under a control. Hint: add one, see docs/architecture.md")
    return SETTINGS.control_runs


def seeds(wildcards):
    """Return the runs of the table of seeds, or say that there are none."""
    if not SETTINGS.seed_groups:
        raise WorkflowError(f"{config['runs']} has no two runs that differ in their seed alone. Hint: add a row")
    return [run for runs in SETTINGS.seed_groups for run in runs]


def of_runs(file, runs):
    """Return an input function: a file of each run that `runs`, itself one, names."""
    return lambda wildcards: [f"{RESULTS}/runs/{run}/{file}" for run in runs(wildcards)]


def candidates():
    """Return the final run and those of Table 1: what it had to beat on validation."""
    return list(dict.fromkeys([*SETTINGS.table1_runs, final_run()]))


def compared(wildcards):
    """Return the two runs of one of Tables 3-7, or say which is missing."""
    if wildcards.number not in SETTINGS.compared_runs:
        reason = next(line for line in SETTINGS.missing_tables() if line.startswith(f"Table {wildcards.number}:"))
        raise WorkflowError(f"{reason}. Hint: add a row of that architecture to {config['runs']}")
    return SETTINGS.compared_runs[wildcards.number]


def evaluated_runs():
    """Return every run and part that is evaluated: all on validation, the final one on test too."""
    return [*((run, "validation") for run in RUNS), *((run, "test") for run in [SETTINGS.final_run] if run)]


def baselines():
    """Return split and name of every baseline: all of them on each split that a run uses."""
    return [(split, name) for split in SETTINGS.splits_in_use for name in config["baselines"]["names"]]


def table1_models():
    """Return the folders of the runs of Table 1 and of the baselines on their split."""
    runs = [f"runs/{run}" for run in SETTINGS.table1_runs]
    return [*runs, *(f"baselines/thesis/{name}" for name in config["baselines"]["names"])]


def evaluated():
    """Return the folder of every model that has metrics and intervals, and its names in tables, by column."""
    found = [(f"runs/{run}", "run", run, label_of(run), RUNS[run].split, part) for run, part in evaluated_runs()]
    for split, name in baselines():
        label = BASELINES[name].label
        found.append((f"baselines/{split}/{name}", "baseline", name, label, split, "validation"))
    columns = ("kind", "model", "label", "split", "part")
    return [(folder, dict(zip(columns, names, strict=True))) for folder, *names in found]


def evaluation_files():
    """Return the tables of what each run's score is made of and of its calibration, and the figures of its outputs."""
    files = ("breakdown.tsv", "calibration.tsv", "reliability.svg", "density.svg")
    return [f"{RESULTS}/evaluation/{run}.{part}.{file}" for run, part in evaluated_runs() for file in files]


def drawn_baselines():
    """Return the baselines beside Table 1; the genes' own training means, far above all models, would press their points together."""
    return [name for name in config["baselines"]["names"] if not BASELINES[name].own_expression]


def tables():
    """Return the tables that the configuration gives."""
    names = config["baselines"]["names"]
    optional = {
        "table2": SETTINGS.final_run,
        "baselines": names,
        "against_baselines": names and SETTINGS.table1_runs,
        "controls": SETTINGS.control_runs,
        "seeds": SETTINGS.seed_groups,
        "truth": SETTINGS.planted and SETTINGS.thesis_runs,
    }
    compared = [f"table{number}" for number in SETTINGS.compared_runs]
    return ["table1", *compared, "intervals", *(name for name, given in optional.items() if given)]


def inputs_of(run):
    """Return which inputs a run reads that the simulator's truth acts through."""
    architecture = SETTINGS.architectures[RUNS[run].architecture]
    return {"levels": architecture.tf, "histones": architecture.hm}


def pages():
    """Return the tables that the report shows: name of the Markdown to category, title, caption in workflow/report.

    A table that is one of `tables()` needs a line here, and a caption.
    """
    titles = {
        "guide": ("Guide", "What good figures look like"),
        "table1": ("Tables", "Table 1: the architectures"),
        "table2": ("Tables", "Table 2: the final run on the test part"),
        "baselines": ("Tables", "Baselines"),
        "against_baselines": ("Tables", "Networks against baselines"),
        "controls": ("Tables", "Controls: what a score rests on"),
        "seeds": ("Tables", "Seeds: the spread between equal runs"),
        "truth": ("Tables", "What of the planted truth was found"),
        "breakdown": ("Evaluation", "What the scores are made of"),
        "calibration": ("Evaluation", "Calibration of the predicted distributions"),
        "runs": ("Records", "Runs: settings, device, time"),
        "versions": ("Records", "Versions and checksums"),
    }
    made = {name: (*title, name) for name, title in titles.items() if title[0] != "Tables" or name in tables()}
    for number, runs in SETTINGS.compared_runs.items():
        made[f"table{number}"] = ("Tables", f"Table {number}: {' against '.join(map(label_of, runs))}", "comparison")
    return made


def gpus(count=1):
    """Return how many GPUs a training or prediction asks the scheduler for."""
    return 0 if config["compute"]["device"] == "cpu" else count


def plan(dag):
    """Say which runs will be trained and where, what of the thesis is not made, and where results go."""
    jobs = list(dag.needrun_jobs())
    rules = {job.rule.name for job in jobs}
    trained = [job.wildcards.run for job in jobs if job.rule.name == "train"]
    device = {"cpu": "the CPU", "gpu": "a GPU", "auto": "a GPU if there is one, else the CPU"}
    lines = []
    if trained:
        lines += [
            f"To train: {', '.join(trained)}; {sum(RUNS[run].steps for run in trained):,} steps in all, on "
            f"{device[config['compute']['device']]}. Each training says how long it will take."
        ]
    if "manifest" in rules:
        lines += [f"Arrays from {SETTINGS.data}, edition {config['edition']}."]
    if "all" in rules:
        lines += [f"Not made: {line}." for line in SETTINGS.missing_tables()]
    return "\n".join([*lines, f"Results go to {RESULTS}/."])
