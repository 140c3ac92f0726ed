rule predict:
    input:
        dataset=dataset_files(),
        manifest=rules.manifest.output.manifest,
        split=split_file,
        scan=scan_files,
        weights="<results>/runs/{run}/model.weights.h5",
        record="<results>/runs/{run}/run.json",
    output:
        **{part: f"<results>/runs/{{run}}/predictions.{part}.npz" for part in PARTS},
    log:
        "<logs>/predict/{run}.log",
    benchmark:
        "<benchmarks>/predict/{run}.tsv"
    wildcard_constraints:
        run=either(name for name in SELECTION.networks if not SELECTION.reads_own_level(name)),
    conda:
        KERAS_ENVIRONMENT
    threads: config["compute"]["train_threads"]
    resources:
        gpu=gpus(),
        mem_mb=grows(config["compute"]["train_mem_mb"]),
        runtime=grows(60),
        device=config["compute"]["device"],
        backend=config["compute"]["backend"],
    params:
        code=code_hash("predict.py"),
    script:
        "../scripts/predict.py"


# Also the pairs of genes that are regulators with a motif, each with its own TPM taken out of the levels; a part may have
# none.
use rule predict as predict_with_own_tf_zeroed with:
    output:
        **{part: f"<results>/runs/{{run}}/predictions.{part}.npz" for part in PARTS},
        own_tf_zeroed=[f"<results>/runs/{{run}}/predictions.{part}.own_tf_zeroed.npz" for part in PARTS],
    log:
        "<logs>/predict_with_own_tf_zeroed/{run}.log",
    benchmark:
        "<benchmarks>/predict_with_own_tf_zeroed/{run}.tsv"
    wildcard_constraints:
        run=either(filter(SELECTION.reads_own_level, RUNS)),


# Of a run or external predictions, or of any model on several folds together, by its folder.
rule metrics:
    input:
        predictions=predictions_of_model,
        splits=splits_of_model,
        records=records_of_model,
        genes=rules.genes.output.genes,
        samples=rules.samples.output.samples,
        manifest=rules.manifest.output.manifest,
    output:
        **{key: [f"<results>/{{model}}/{file}"] for key, file in SCORE_FILES.items()},
    log:
        "<logs>/metrics/{model}.{part}.log",
    benchmark:
        "<benchmarks>/metrics/{model}.{part}.tsv"
    conda:
        KERAS_ENVIRONMENT
    resources:
        mem_mb=grows(2000),
        runtime=grows(30),
    params:
        draws=config["evaluation"]["draws"],
        seed=config["evaluation"]["seed"],
        code=code_hash("metrics.py"),
    script:
        "../scripts/metrics.py"


# Of all baselines on one split.
use rule metrics as metrics_of_baselines with:
    input:
        predictions=expand(
            "<results>/baselines/{split}/{name}/predictions.{part}.npz", name=SELECTION.baselines, allow_missing=True
        ),
        splits=[rules.split.output.split],
        records=[],
        genes=rules.genes.output.genes,
        samples=rules.samples.output.samples,
        manifest=rules.manifest.output.manifest,
    output:
        **{
            key: expand(f"<results>/baselines/{{split}}/{{name}}/{file}", name=SELECTION.baselines, allow_missing=True)
            for key, file in SCORE_FILES.items()
        },
    log:
        "<logs>/metrics_of_baselines/{split}.{part}.log",
    benchmark:
        "<benchmarks>/metrics_of_baselines/{split}.{part}.tsv"


rule evaluation:
    input:
        predictions="<results>/runs/{run}/predictions.{part}.npz",
        own_tf_zeroed=own_tf_zeroed,
        record=rules.train.output.record,
        split=split_file,
        genes=rules.genes.output.genes,
        samples=rules.samples.output.samples,
        regulators=rules.expression.output.regulators,
        motif_map=rules.motifs.output.motif_map,
        manifest=rules.manifest.output.manifest,
    output:
        breakdown="<results>/evaluation/{run}.{part}.breakdown.tsv",
        groups="<results>/evaluation/{run}.{part}.groups.tsv",
        calibration="<results>/evaluation/{run}.{part}.calibration.tsv",
        pit="<results>/evaluation/{run}.{part}.pit.tsv",
        coverage="<results>/evaluation/{run}.{part}.coverage.tsv",
    log:
        "<logs>/evaluation/{run}.{part}.log",
    benchmark:
        "<benchmarks>/evaluation/{run}.{part}.tsv"
    conda:
        KERAS_ENVIRONMENT
    resources:
        mem_mb=grows(2000),
        runtime=grows(30),
    params:
        minimum=config["evaluation"]["minimum_group"],
        seed=config["evaluation"]["seed"],
        bins=config["evaluation"]["pit_bins"],
        code=code_hash("evaluation.py"),
    script:
        "../scripts/evaluation.py"


rule evaluation_figures:
    input:
        calibration=rules.evaluation.output.calibration,
        pit=rules.evaluation.output.pit,
        coverage=rules.evaluation.output.coverage,
        predictions="<results>/runs/{run}/predictions.{part}.npz",
        record=rules.train.output.record,
        genes=rules.genes.output.genes,
        samples=rules.samples.output.samples,
        manifest=rules.manifest.output.manifest,
    output:
        reliability=report(
            "<results>/evaluation/{run}.{part}.reliability.svg",
            caption="../report/reliability.rst",
            category="Figures",
            labels={"run": "{run}", "part": "{part}", "figure": "reliability"},
        ),
        reliability_png="<results>/evaluation/{run}.{part}.reliability.png",
        density=report(
            "<results>/evaluation/{run}.{part}.density.svg",
            caption="../report/density.rst",
            category="Figures",
            labels={"run": "{run}", "part": "{part}", "figure": "one density"},
        ),
        density_png="<results>/evaluation/{run}.{part}.density.png",
    log:
        "<logs>/evaluation_figures/{run}.{part}.log",
    benchmark:
        "<benchmarks>/evaluation_figures/{run}.{part}.tsv"
    conda:
        KERAS_ENVIRONMENT
    params:
        label=lambda wildcards: SELECTION.label(wildcards.run),
        code=code_hash("evaluation_figures.py"),
    script:
        "../scripts/evaluation_figures.py"
