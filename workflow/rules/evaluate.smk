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
        own_tf_zeroed=False,
        code=code_hash("predict.py"),
    script:
        "../scripts/predict.py"


# The pairs of genes that are regulators with a motif, each with its own TPM taken out of the levels; none in some parts.
use rule predict as predict_own_tf_zeroed with:
    output:
        predictions="<results>/runs/{run}/predictions.{part}.own_tf_zeroed.npz",
    log:
        "<logs>/predict_own_tf_zeroed/{run}.{part}.log",
    benchmark:
        "<benchmarks>/predict_own_tf_zeroed/{run}.{part}.tsv"
    wildcard_constraints:
        run=either(filter(reads_own_level, RUNS)),
    params:
        own_tf_zeroed=True,
        code=code_hash("predict.py"),


# Of a trained run or a baseline, by the folder that its predictions are in.
rule metrics:
    input:
        predictions="<results>/{model}/predictions.{part}.npz",
        samples=rules.samples.output.samples,
        manifest=rules.manifest.output.manifest,
    output:
        metrics="<results>/{model}/metrics.{part}.json",
        draws="<results>/{model}/bootstrap.{part}.npz",
    log:
        "<logs>/metrics/{model}.{part}.log",
    benchmark:
        "<benchmarks>/metrics/{model}.{part}.tsv"
    conda:
        "../../envs/workflow.yaml"
    threads: 1
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
        genes=rules.genes.output.genes,
        samples=rules.samples.output.samples,
        regulators=rules.expression.output.regulators,
        motif_map=rules.motifs.output.motif_map,
        manifest=rules.manifest.output.manifest,
    output:
        summary=report(
            "<results>/evaluation/{run}.{part}.breakdown.tsv",
            caption="../report/breakdown.rst",
            category="Evaluation",
            labels={"run": "{run}", "part": "{part}", "table": "breakdown"},
        ),
        groups="<results>/evaluation/{run}.{part}.groups.tsv",
    log:
        "<logs>/breakdown/{run}.{part}.log",
    benchmark:
        "<benchmarks>/breakdown/{run}.{part}.tsv"
    conda:
        "../../envs/workflow.yaml"
    threads: 1
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
        table=report(
            "<results>/evaluation/{run}.{part}.calibration.tsv",
            caption="../report/calibration.rst",
            category="Evaluation",
            labels={"run": "{run}", "part": "{part}", "table": "calibration"},
        ),
        pit="<results>/evaluation/{run}.{part}.pit.tsv",
    log:
        "<logs>/calibration/{run}.{part}.log",
    benchmark:
        "<benchmarks>/calibration/{run}.{part}.tsv"
    conda:
        "../../envs/workflow.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        seed=config["evaluation"]["seed"],
        bins=config["evaluation"]["pit_bins"],
        code=code_hash("calibration.py"),
    script:
        "../scripts/calibration.py"
