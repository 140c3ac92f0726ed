rule split:
    input:
        genes=rules.genes.output.genes,
        samples=rules.samples.output.samples,
    output:
        split="<results>/splits/{split}.tsv",
    log:
        "<logs>/split/{split}.log",
    benchmark:
        "<benchmarks>/split/{split}.tsv"
    # It draws the same again: what fails once fails always.
    retries: 0
    conda:
        "../../envs/workflow.yaml"
    params:
        settings=split_settings,
        code=code_hash("split.py"),
    script:
        "../scripts/split.py"


rule train:
    input:
        dataset=dataset_files(),
        manifest=rules.manifest.output.manifest,
        split=split_file,
        scan=scan_files,
    output:
        weights="<results>/runs/{run}/model.weights.h5",
        history="<results>/runs/{run}/history.tsv",
        record="<results>/runs/{run}/run.json",
    log:
        "<logs>/train/{run}.log",
    benchmark:
        "<benchmarks>/train/{run}.tsv"
    wildcard_constraints:
        run=either(name for name in SELECTION.networks if not RUNS[name].only_predicts),
    conda:
        "../../envs/workflow.yaml"
    threads: config["compute"]["train_threads"]
    resources:
        gpu=gpus(config["compute"]["gpus"]),
        mem_mb=grows(config["compute"]["train_mem_mb"]),
        runtime=grows(config["compute"]["train_minutes"]),
        # Resources, not params: another machine must not train anew.
        device=config["compute"]["device"],
        backend=config["compute"]["backend"],
        arrays=config["compute"]["arrays"],
        xla="on" if config["compute"]["xla"] else "off",
        checkpoint_minutes=str(config["compute"]["checkpoint_minutes"]),
        checkpoints=checkpoint_folder(RESULTS, config["compute"]["checkpoints"]),
        checkpoint_steps=config["compute"]["checkpoint_steps"],
    params:
        run=run_row,
        architecture=architecture_row,
        likelihood=likelihood_settings,
        network=SETTINGS.network,
        training=config["training"],
        code=code_hash("train.py"),
    script:
        "../scripts/train.py"


# A run that only predicts under a control has the files of a trained one, so that nothing downstream needs to know.
rule reuse:
    input:
        unpack(reused_files),
    output:
        weights="<results>/runs/{run}/model.weights.h5",
        history="<results>/runs/{run}/history.tsv",
        record="<results>/runs/{run}/run.json",
    log:
        "<logs>/reuse/{run}.log",
    benchmark:
        "<benchmarks>/reuse/{run}.tsv"
    wildcard_constraints:
        run=either(name for name in SELECTION.networks if RUNS[name].only_predicts),
    conda:
        "../../envs/workflow.yaml"
    params:
        control=lambda wildcards: RUNS[wildcards.run].control,
        code=code_hash("reuse.py"),
    script:
        "../scripts/reuse.py"
