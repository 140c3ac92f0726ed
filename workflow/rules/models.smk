# All models on the same pairs: networks, factorised models, external predictions, baselines.
rule models:
    input:
        metrics=[f"{RESULTS}/{row.folder}/metrics.{row.part}.json" for row in MODEL_ROWS],
        draws=[f"{RESULTS}/{row.folder}/bootstrap.{row.part}.npz" for row in MODEL_ROWS],
        manifest=rules.manifest.output.manifest,
    output:
        tsv="<results>/models.tsv",
        markdown="<results>/models.md",
    log:
        "<logs>/models.log",
    benchmark:
        "<benchmarks>/models.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        rows=[row._asdict() for row in MODEL_ROWS],
        code=code_hash("models.py"),
    script:
        "../scripts/models.py"


rule model_forest:
    input:
        metrics=rules.models.input.metrics,
        draws=rules.models.input.draws,
        manifest=rules.manifest.output.manifest,
    output:
        svg=report(
            "<results>/models.svg",
            caption="../report/model_forest.rst",
            category="Figures",
            labels={"run": "All models", "part": "validation, test", "figure": "metrics with intervals"},
        ),
        png="<results>/models.png",
    log:
        "<logs>/model_forest.log",
    benchmark:
        "<benchmarks>/model_forest.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        rows=[row._asdict() for row in MODEL_ROWS],
        code=code_hash("model_forest.py"),
    script:
        "../scripts/model_forest.py"
