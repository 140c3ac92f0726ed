rule gene_features:
    input:
        dataset=dataset_files(),
        manifest=rules.manifest.output.manifest,
    output:
        features="<results>/baselines/features/{feature}.npy",
    log:
        "<logs>/gene_features/{feature}.log",
    benchmark:
        "<benchmarks>/gene_features/{feature}.tsv"
    wildcard_constraints:
        feature=either(FEATURES),
    conda:
        "../../envs/workflow.yaml"
    threads: 2
    resources:
        mem_mb=grows(2000),
        runtime=grows(60),
    params:
        code=code_hash("gene_features.py"),
    script:
        "../scripts/gene_features.py"


# All of one split: they read the same data.
rule baseline:
    input:
        dataset=dataset_files(),
        manifest=rules.manifest.output.manifest,
        split=rules.split.output.split,
        features=features_of_baselines,
    output:
        [
            f"<results>/baselines/{{split}}/{name}/predictions.{part}.npz"
            for name in SELECTION.baselines
            for part in PARTS
        ],
    log:
        "<logs>/baseline/{split}.log",
    benchmark:
        "<benchmarks>/baseline/{split}.tsv"
    conda:
        "../../envs/workflow.yaml"
    # One thread, so that the last digits do not depend on how many cores there are.
    threads: 1
    resources:
        mem_mb=grows(config["compute"]["array_mem_mb"]),
        runtime=grows(120),
    params:
        names=SELECTION.baselines,
        seed=config["baselines"]["seed"],
        code=code_hash("baseline.py"),
    script:
        "../scripts/baseline.py"


# Predictions of another program: once read, they are scored like a baseline's.
rule external:
    input:
        dataset=dataset_files(),
        manifest=rules.manifest.output.manifest,
        split=rules.split.output.split,
        table=lambda wildcards: travelling(EXTERNAL[wildcards.external].file),
    output:
        predictions="<results>/external/{split}/{external}/predictions.{part}.npz",
    log:
        "<logs>/external/{split}.{external}.{part}.log",
    benchmark:
        "<benchmarks>/external/{split}.{external}.{part}.tsv"
    wildcard_constraints:
        external=either(EXTERNAL),
    # Before the first training, so that a wrong table is refused at once.
    priority: 1
    conda:
        "../../envs/workflow.yaml"
    params:
        code=code_hash("external.py"),
    script:
        "../scripts/external.py"


# Only for tables with quantiles.
rule external_coverage:
    input:
        predictions=rules.external.output.predictions,
    output:
        coverage="<results>/external/{split}/{external}/coverage.{part}.tsv",
    log:
        "<logs>/external_coverage/{split}.{external}.{part}.log",
    benchmark:
        "<benchmarks>/external_coverage/{split}.{external}.{part}.tsv"
    wildcard_constraints:
        external=either(EXTERNAL),
    conda:
        "../../envs/workflow.yaml"
    params:
        code=code_hash("external_coverage.py"),
    script:
        "../scripts/external_coverage.py"


rule baselines:
    input:
        metrics=[f"{RESULTS}/{model.folder}/metrics.validation.json" for model in SELECTION.baseline_rows],
        draws=[f"{RESULTS}/{model.folder}/bootstrap.validation.npz" for model in SELECTION.baseline_rows],
        unshared_metrics=[
            f"{RESULTS}/{model.folder}/metrics.validation.unshared.json" for model in SELECTION.baseline_rows
        ],
        unshared_draws=[
            f"{RESULTS}/{model.folder}/bootstrap.validation.unshared.npz" for model in SELECTION.baseline_rows
        ],
        genes=rules.genes.output.genes,
        manifest=rules.manifest.output.manifest,
    output:
        tsv="<results>/baselines.tsv",
        markdown="<results>/baselines.md",
    log:
        "<logs>/baselines.log",
    benchmark:
        "<benchmarks>/baselines.tsv"
    conda:
        "../../envs/workflow.yaml"
    params:
        labels=[model.label for model in SELECTION.baseline_rows],
        splits=[model.split for model in SELECTION.baseline_rows],
        external=list(EXTERNAL),
        code=code_hash("baselines.py"),
    script:
        "../scripts/baselines.py"


# The runs of Table 1 and external predictions against the best baseline and the genes' own training means; the runs also
# against external predictions.
rule against_baselines:
    input:
        metrics=[f"{RESULTS}/{model}/metrics.validation.json" for model in SELECTION.table1_models],
        draws=[f"{RESULTS}/{model}/bootstrap.validation.npz" for model in SELECTION.table1_models],
        manifest=rules.manifest.output.manifest,
    output:
        tsv="<results>/against_baselines.tsv",
        markdown="<results>/against_baselines.md",
    log:
        "<logs>/against_baselines.log",
    benchmark:
        "<benchmarks>/against_baselines.tsv"
    conda:
        "../../envs/workflow.yaml"
    params:
        labels=[SELECTION.label(run) for run in SELECTION.table1_runs],
        external=SELECTION.external_of_table1,
        names=SELECTION.baselines,
        code=code_hash("against_baselines.py"),
    script:
        "../scripts/against_baselines.py"
