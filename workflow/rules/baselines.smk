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
        mem_mb=config["compute"]["array_mem_mb"],
        runtime=120,
    params:
        code=code_hash("gene_features.py"),
    script:
        "../scripts/gene_features.py"


rule baseline:
    input:
        dataset=dataset_files(),
        manifest=rules.manifest.output.manifest,
        split=rules.split.output.split,
        features=lambda wildcards: [
            f"{RESULTS}/baselines/features/{feature}.npy" for feature in BASELINES[wildcards.baseline].features
        ],
    output:
        **{part: f"<results>/baselines/{{split}}/{{baseline}}/predictions.{part}.npz" for part in PARTS},
    log:
        "<logs>/baseline/{split}.{baseline}.log",
    benchmark:
        "<benchmarks>/baseline/{split}.{baseline}.tsv"
    wildcard_constraints:
        baseline=either(BASELINES),
    conda:
        "../../envs/workflow.yaml"
    # One thread, so that the last digits do not depend on how many cores there are.
    threads: 1
    resources:
        mem_mb=config["compute"]["array_mem_mb"],
        runtime=120,
    params:
        seed=config["baselines"]["seed"],
        code=code_hash("baseline.py"),
    script:
        "../scripts/baseline.py"


rule baselines:
    input:
        metrics=[
            f"{RESULTS}/baselines/{split}/{name}/metrics.validation.json" for split, name in SELECTION.fitted_baselines
        ],
        draws=[
            f"{RESULTS}/baselines/{split}/{name}/bootstrap.validation.npz"
            for split, name in SELECTION.fitted_baselines
        ],
        unshared_metrics=[
            f"{RESULTS}/baselines/{split}/{name}/metrics.validation.unshared.json"
            for split, name in SELECTION.fitted_baselines
        ],
        unshared_draws=[
            f"{RESULTS}/baselines/{split}/{name}/bootstrap.validation.unshared.npz"
            for split, name in SELECTION.fitted_baselines
        ],
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
        baselines=SELECTION.fitted_baselines,
        code=code_hash("baselines.py"),
    script:
        "../scripts/baselines.py"


# The runs of Table 1 against the best baseline and the genes' own training means.
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
        names=SELECTION.baselines,
        code=code_hash("against_baselines.py"),
    script:
        "../scripts/against_baselines.py"
