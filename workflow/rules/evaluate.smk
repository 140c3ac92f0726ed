rule predict:
    input:
        dataset=dataset_files(),
        manifest=rules.manifest.output.manifest,
        split=split_file,
        scan=scan_files,
        weights=rules.train.output.weights,
        record=rules.train.output.record,
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
    params:
        code=code_hash("predict.py"),
    script:
        "../scripts/predict.py"


# Of a trained run or a baseline, by the folder that its predictions are in.
rule metrics:
    input:
        predictions="<results>/{model}/predictions.{part}.npz",
        manifest=rules.manifest.output.manifest,
    output:
        metrics="<results>/{model}/metrics.{part}.json",
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
        code=code_hash("metrics.py"),
    script:
        "../scripts/metrics.py"


rule bootstrap:
    input:
        predictions="<results>/{model}/predictions.{part}.npz",
        samples=rules.samples.output.samples,
        manifest=rules.manifest.output.manifest,
    output:
        draws="<results>/{model}/bootstrap.{part}.npz",
    log:
        "<logs>/bootstrap/{model}.{part}.log",
    benchmark:
        "<benchmarks>/bootstrap/{model}.{part}.tsv"
    conda:
        "../../envs/workflow.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        draws=config["evaluation"]["draws"],
        seed=config["evaluation"]["seed"],
        code=code_hash("bootstrap.py"),
    script:
        "../scripts/bootstrap.py"
