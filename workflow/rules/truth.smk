# What of the planted truth was found, where expression is simulated.


rule level_changes:
    input:
        dataset=dataset_files(),
        manifest=rules.manifest.output.manifest,
        split=split_file,
        scan=scan_files,
        weights="<results>/runs/{run}/model.weights.h5",
        record="<results>/runs/{run}/run.json",
    output:
        changes="<results>/runs/{run}/level_changes.npz",
    log:
        "<logs>/level_changes/{run}.log",
    benchmark:
        "<benchmarks>/level_changes/{run}.tsv"
    wildcard_constraints:
        run=either(SELECTION.networks),
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
        code=code_hash("level_changes.py"),
    script:
        "../scripts/level_changes.py"


rule level_changes_fit:
    input:
        dataset=dataset_files(),
        manifest=rules.manifest.output.manifest,
        split=split_file,
        features=features_of_model,
        model="<results>/runs/{run}/model.npz",
        record="<results>/runs/{run}/run.json",
    output:
        changes="<results>/runs/{run}/level_changes.npz",
    log:
        "<logs>/level_changes_fit/{run}.log",
    benchmark:
        "<benchmarks>/level_changes_fit/{run}.tsv"
    wildcard_constraints:
        run=either(SELECTION.factorised_runs),
    conda:
        KERAS_ENVIRONMENT
    threads: config["compute"]["train_threads"]
    resources:
        mem_mb=grows(config["compute"]["array_mem_mb"]),
        runtime=grows(30),
    params:
        code=code_hash("level_changes_fit.py"),
    script:
        "../scripts/level_changes_fit.py"


rule truth:
    input:
        effects=rules.simulate_truth.output.regulator_effects,
        truth=[rules.simulate_truth.output[name] for name in ("driver_levels", "hits", "openness", "tissue_cells")],
        genes=rules.genes.output.genes,
        samples=rules.samples.output.samples,
        predictions=expand("<results>/runs/{run}/predictions.validation.npz", run=SELECTION.thesis_runs),
        changes=expand("<results>/runs/{run}/level_changes.npz", run=SELECTION.level_runs),
        draws=expand("<results>/runs/{run}/bootstrap.validation.npz", run=SELECTION.table1_runs),
    output:
        tsv="<results>/truth.tsv",
        markdown="<results>/truth.md",
    log:
        "<logs>/truth.log",
    benchmark:
        "<benchmarks>/truth.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        simulation=config["simulation"],
        runs=SELECTION.thesis_runs,
        changed=SELECTION.level_runs,
        pairs=SELECTION.histone_pairs,
        drawn=SELECTION.table1_runs,
        reads={run: SELECTION.simulated_inputs(run) for run in SELECTION.thesis_runs},
        code=code_hash("truth.py"),
    script:
        "../scripts/truth.py"
