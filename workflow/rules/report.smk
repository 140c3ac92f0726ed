# What the report needs beside tables and figures: how to read them, what made them, and tables as pages.
rule guide:
    input:
        metrics=expand(
            "<results>/baselines/{split}/{name}/metrics.validation.json",
            split=SELECTION.table1_split,
            name=SELECTION.baselines,
        ),
        predictions=expand(
            "<results>/baselines/{split}/{name}/predictions.validation.npz",
            split=SELECTION.table1_split,
            name=SELECTION.baselines,
        ),
        thesis=shipped("resources/thesis_results.tsv"),
        manifest=rules.manifest.output.manifest,
    output:
        tsv="<results>/guide.tsv",
        markdown="<results>/guide.md",
    log:
        "<logs>/guide.log",
    benchmark:
        "<benchmarks>/guide.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        names=SELECTION.baselines,
        code=code_hash("guide.py"),
    script:
        "../scripts/guide.py"


rule overview:
    input:
        breakdown=[f"{RESULTS}/evaluation/{run}.{part}.breakdown.tsv" for run, part in SELECTION.evaluated_runs],
        calibration=[f"{RESULTS}/evaluation/{run}.{part}.calibration.tsv" for run, part in SELECTION.evaluated_runs],
        external=[f"{RESULTS}/{model.folder}/coverage.{model.part}.tsv" for model in SELECTION.quantile_rows],
        manifest=rules.manifest.output.manifest,
    output:
        breakdown="<results>/breakdown.tsv",
        breakdown_markdown="<results>/breakdown.md",
        calibration="<results>/calibration.tsv",
        calibration_markdown="<results>/calibration.md",
    log:
        "<logs>/overview.log",
    benchmark:
        "<benchmarks>/overview.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        labels=[f"{run}, {part}" for run, part in SELECTION.evaluated_runs],
        external=[f"{model.label}, {model.split}, {model.part}" for model in SELECTION.quantile_rows],
        code=code_hash("overview.py"),
    script:
        "../scripts/overview.py"


rule records:
    input:
        records=expand("<results>/runs/{run}/run.json", run=RUNS),
        manifest=rules.manifest.output.manifest,
    output:
        runs="<results>/runs.md",
        versions="<results>/versions.md",
    log:
        "<logs>/records.log",
    benchmark:
        "<benchmarks>/records.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        # Another machine must not make the records anew; what was used stands in each run's own.
        config=shareable({key: value for key, value in config.items() if key != "compute"}),
        code=code_hash("records.py"),
    script:
        "../scripts/records.py"


rule cards:
    input:
        records=expand("<results>/runs/{run}/run.json", run=RUNS),
        models=rules.models.output.tsv,
        groups=[f"{RESULTS}/evaluation/{run}.{part}.groups.tsv" for run, part in SELECTION.evaluated_runs],
        manifest=rules.manifest.output.manifest,
    output:
        markdown="<results>/cards.md",
    log:
        "<logs>/cards.log",
    benchmark:
        "<benchmarks>/cards.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        code=code_hash("cards.py"),
    script:
        "../scripts/cards.py"


# Snakemake's report offers TSV and Markdown for download only: it shows HTML.
rule pages:
    input:
        markdown=expand("<results>/{name}.md", name=SELECTION.pages),
        guide=rules.guide.output.markdown,
    output:
        [
            report(
                f"<results>/pages/{name}.html",
                caption=f"../report/{page.caption}.rst",
                category=page.category,
                labels={"table": page.title},
            )
            for name, page in SELECTION.pages.items()
        ],
    log:
        "<logs>/pages.log",
    benchmark:
        "<benchmarks>/pages.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        titles=[page.title for page in SELECTION.pages.values()],
        guided=[page.category in ("Tables", "Evaluation") for page in SELECTION.pages.values()],
        # For the report's front page, which reads no file.
        data=SETTINGS.data,
        # A function: the lint takes a text that begins the output paths for a prefix of them.
        results=lambda wildcards: shareable(RESULTS),
        code=code_hash("pages.py"),
    script:
        "../scripts/pages.py"
