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
        code=code_hash("predict.py"),
    script:
        "../scripts/predict.py"


rule metrics:
    input:
        predictions=rules.predict.output.predictions,
        manifest=rules.manifest.output.manifest,
    output:
        metrics="<results>/runs/{run}/metrics.{part}.json",
    log:
        "<logs>/metrics/{run}.{part}.log",
    benchmark:
        "<benchmarks>/metrics/{run}.{part}.tsv"
    conda:
        "../../envs/workflow.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        code=code_hash("metrics.py"),
    script:
        "../scripts/metrics.py"
