rule predict:
    input:
        dataset=dataset_files(),
        manifest=rules.manifest.output.manifest,
        split=split_file,
        scan=scan_files,
        weights="<results>/runs/{run}/model.weights.h5",
        record="<results>/runs/{run}/run.json",
    output:
        predictions="<results>/runs/{run}/predictions.{part}.npz",
    log:
        "<logs>/predict/{run}.{part}.log",
    benchmark:
        "<benchmarks>/predict/{run}.{part}.tsv"
    wildcard_constraints:
        run=either(name for name in SELECTION.networks if not SELECTION.reads_own_level(name)),
    conda:
        "../../envs/workflow.yaml"
    threads: config["compute"]["train_threads"]
    resources:
        gpu=gpus(),
        mem_mb=config["compute"]["train_mem_mb"],
        runtime=240,
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
        predictions="<results>/runs/{run}/predictions.{part}.npz",
        own_tf_zeroed="<results>/runs/{run}/predictions.{part}.own_tf_zeroed.npz",
    log:
        "<logs>/predict_with_own_tf_zeroed/{run}.{part}.log",
    benchmark:
        "<benchmarks>/predict_with_own_tf_zeroed/{run}.{part}.tsv"
    wildcard_constraints:
        run=either(filter(SELECTION.reads_own_level, RUNS)),


# Of a trained run, a baseline, or either of them on several folds together, by its folder.
rule metrics:
    input:
        predictions=predictions_of_model,
        splits=splits_of_model,
        genes=rules.genes.output.genes,
        samples=rules.samples.output.samples,
        manifest=rules.manifest.output.manifest,
    output:
        metrics="<results>/{model}/metrics.{part}.json",
        draws="<results>/{model}/bootstrap.{part}.npz",
        # Of the genes that share a promoter with no gene that trains.
        unshared_metrics="<results>/{model}/metrics.{part}.unshared.json",
        unshared_draws="<results>/{model}/bootstrap.{part}.unshared.npz",
    log:
        "<logs>/metrics/{model}.{part}.log",
    benchmark:
        "<benchmarks>/metrics/{model}.{part}.tsv"
    conda:
        "../../envs/workflow.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        draws=config["evaluation"]["draws"],
        seed=config["evaluation"]["seed"],
        code=code_hash("metrics.py"),
    script:
        "../scripts/metrics.py"


rule breakdown:
    input:
        predictions=rules.predict.output.predictions,
        own_tf_zeroed=own_tf_zeroed,
        split=split_file,
        genes=rules.genes.output.genes,
        samples=rules.samples.output.samples,
        regulators=rules.expression.output.regulators,
        motif_map=rules.motifs.output.motif_map,
        manifest=rules.manifest.output.manifest,
    output:
        summary="<results>/evaluation/{run}.{part}.breakdown.tsv",
        groups="<results>/evaluation/{run}.{part}.groups.tsv",
    log:
        "<logs>/breakdown/{run}.{part}.log",
    benchmark:
        "<benchmarks>/breakdown/{run}.{part}.tsv"
    conda:
        "../../envs/workflow.yaml"
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        minimum=config["evaluation"]["minimum_group"],
        code=code_hash("breakdown.py"),
    script:
        "../scripts/breakdown.py"


rule calibration:
    input:
        predictions=rules.predict.output.predictions,
        record=rules.train.output.record,
    output:
        table="<results>/evaluation/{run}.{part}.calibration.tsv",
        pit="<results>/evaluation/{run}.{part}.pit.tsv",
        coverage="<results>/evaluation/{run}.{part}.coverage.tsv",
    log:
        "<logs>/calibration/{run}.{part}.log",
    benchmark:
        "<benchmarks>/calibration/{run}.{part}.tsv"
    conda:
        "../../envs/workflow.yaml"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        seed=config["evaluation"]["seed"],
        bins=config["evaluation"]["pit_bins"],
        code=code_hash("calibration.py"),
    script:
        "../scripts/calibration.py"


rule reliability:
    input:
        table=rules.calibration.output.table,
        pit=rules.calibration.output.pit,
        coverage=rules.calibration.output.coverage,
        manifest=rules.manifest.output.manifest,
    output:
        svg=report(
            "<results>/evaluation/{run}.{part}.reliability.svg",
            caption="../report/reliability.rst",
            category="Figures",
            labels={"run": "{run}", "part": "{part}", "figure": "reliability"},
        ),
        png="<results>/evaluation/{run}.{part}.reliability.png",
    log:
        "<logs>/reliability/{run}.{part}.log",
    benchmark:
        "<benchmarks>/reliability/{run}.{part}.tsv"
    conda:
        "../../envs/workflow.yaml"
    params:
        label=lambda wildcards: SELECTION.label(wildcards.run),
        code=code_hash("reliability.py"),
    script:
        "../scripts/reliability.py"


rule density:
    input:
        predictions=rules.predict.output.predictions,
        record=rules.train.output.record,
        genes=rules.genes.output.genes,
        samples=rules.samples.output.samples,
        manifest=rules.manifest.output.manifest,
    output:
        svg=report(
            "<results>/evaluation/{run}.{part}.density.svg",
            caption="../report/density.rst",
            category="Figures",
            labels={"run": "{run}", "part": "{part}", "figure": "one density"},
        ),
        png="<results>/evaluation/{run}.{part}.density.png",
    log:
        "<logs>/density/{run}.{part}.log",
    benchmark:
        "<benchmarks>/density/{run}.{part}.tsv"
    conda:
        "../../envs/workflow.yaml"
    resources:
        mem_mb=2000,
    params:
        code=code_hash("density.py"),
    script:
        "../scripts/density.py"
