# Factorised models: fitted to all training pairs at once, in closed form, by trees or by towers, without a GPU.


rule fit:
    input:
        dataset=dataset_files(),
        manifest=rules.manifest.output.manifest,
        split=split_file,
        features=features_of_model,
    output:
        model="<results>/runs/{run}/model.npz",
        record="<results>/runs/{run}/run.json",
    log:
        "<logs>/fit/{run}.log",
    benchmark:
        "<benchmarks>/fit/{run}.tsv"
    wildcard_constraints:
        run=either(name for name in SELECTION.factorised_runs if not RUNS[name].only_predicts),
    # Before the trainings, which take longer: the first scores are there in minutes.
    priority: 1
    conda:
        KERAS_ENVIRONMENT
    threads: config["compute"]["train_threads"]
    resources:
        mem_mb=grows(config["compute"]["array_mem_mb"]),
        runtime=grows(120),
        # Of the models with towers.
        backend=config["compute"]["backend"],
    params:
        run=run_row,
        architecture=architecture_row,
        likelihood=likelihood_settings,
        code=code_hash("fit.py"),
    script:
        "../scripts/fit.py"


# As rule reuse, for factorised models.
use rule reuse as reuse_fit with:
    input:
        unpack(reused_fit),
    output:
        model="<results>/runs/{run}/model.npz",
        record="<results>/runs/{run}/run.json",
    log:
        "<logs>/reuse_fit/{run}.log",
    benchmark:
        "<benchmarks>/reuse_fit/{run}.tsv"
    wildcard_constraints:
        run=either(name for name in SELECTION.factorised_runs if RUNS[name].only_predicts),


rule predict_fit:
    input:
        dataset=dataset_files(),
        manifest=rules.manifest.output.manifest,
        split=split_file,
        features=features_of_model,
        model="<results>/runs/{run}/model.npz",
        record="<results>/runs/{run}/run.json",
    output:
        **{part: f"<results>/runs/{{run}}/predictions.{part}.npz" for part in PARTS},
    log:
        "<logs>/predict_fit/{run}.log",
    benchmark:
        "<benchmarks>/predict_fit/{run}.tsv"
    wildcard_constraints:
        run=either(SELECTION.factorised_runs),
    conda:
        KERAS_ENVIRONMENT
    threads: config["compute"]["train_threads"]
    resources:
        mem_mb=grows(config["compute"]["array_mem_mb"]),
        runtime=grows(30),
    params:
        code=code_hash("predict_fit.py"),
    script:
        "../scripts/predict_fit.py"
