from snakemake.utils import min_version

min_version("9.27")


configfile: "config/config.yaml"


include: "workflow/rules/common.smk"


container: container()


# In one machine or pod, of jobs that have a width one runs at a time. The profiles of clusters give it to all: the jobs
# of a group then share the memory of one. Limits of a profile do not reach the Snakemake that runs a group, and there is
# no directive for one.
resource_scopes:
    width="local",


workflow.register_resource("width", 1)


pathvars:
    results=RESULTS,
    logs=f"{RESULTS}/logs",
    benchmarks=f"{RESULTS}/benchmarks",


wildcard_constraints:
    run=either(RUNS),
    model="|".join(
        [
            f"runs/({either(RUNS)})",
            f"external/({SPLITS})/({either(EXTERNAL)})",
            either(SELECTION.pooled),
        ]
    ),
    part=either(PARTS),
    split=SPLITS,


include: "workflow/rules/sources.smk"
include: "workflow/rules/simulate.smk"
include: "workflow/rules/arrays.smk"
include: "workflow/rules/release.smk"
include: "workflow/rules/scan.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/fit.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/baselines.smk"
include: "workflow/rules/results.smk"
include: "workflow/rules/models.smk"
include: "workflow/rules/options.smk"
include: "workflow/rules/truth.smk"
include: "workflow/rules/mechanism.smk"
include: "workflow/rules/motif_detection.smk"
include: "workflow/rules/use.smk"
include: "workflow/rules/report.smk"


report: "workflow/report/workflow.rst"


rule all:
    default_target: True
    input:
        expand("<results>/{table}.tsv", table=SELECTION.tables),
        [
            f"<results>/evaluation/{run}.{part}.{file}"
            for run, part in SELECTION.evaluated_runs
            for file in ("breakdown.tsv", "calibration.tsv", "reliability.svg", "density.svg")
        ],
        expand("<results>/{figure}.svg", figure=SELECTION.figures),
        expand("<results>/runs/{run}/panels.svg", run=SELECTION.networks),
        expand("<results>/pages/{page}.html", page=SELECTION.pages),
        USES,
    localrule: True


rule dataset:
    input:
        rules.manifest.output.manifest,
    localrule: True


onstart:
    or_stop(check_folders)(Path(RESULTS))
    print(SETTINGS.plan(), file=sys.stderr)
    # To keep its limit of jobs started per second, Snakemake 9.27 looks for jobs once a second for every job that has
    # ended while others were ready: after 100 jobs, 100 times a second, on all that are ready.
    workflow.scheduler.job_rate_limiter = None


onsuccess:
    if Path(RESULTS, "models.tsv").is_file():
        print(f"All models: {RESULTS}/models.tsv (.md, .png)", file=sys.stderr)
    if config["use"]["genes"]:
        print(
            f"A gene, what the model says about it: {RESULTS}/use/{config['use']['genes'][0]}.html", file=sys.stderr
        )
    if Path(RESULTS, "table1.tsv").is_file():
        print(
            f"Tables: {RESULTS}/table1.tsv (.md) to table7.tsv; figures: {RESULTS}/table1.png, {RESULTS}/runs/RUN/panels.png",
            file=sys.stderr,
        )
