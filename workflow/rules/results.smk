rule panels:
    input:
        predictions="<results>/runs/{run}/predictions.validation.npz",
        history=rules.train.output.history,
        record=rules.train.output.record,
        thesis=shipped("resources/thesis_curves.tsv"),
        manifest=rules.manifest.output.manifest,
    output:
        svg=report(
            "<results>/runs/{run}/panels.svg",
            caption="../report/panels.rst",
            category="Figures",
            labels={"run": "{run}", "part": "validation", "figure": "training"},
        ),
        png="<results>/runs/{run}/panels.png",
    log:
        "<logs>/panels/{run}.log",
    benchmark:
        "<benchmarks>/panels/{run}.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        thesis_run=lambda wildcards: SELECTION.thesis_run(wildcards.run),
        code=code_hash("panels.py"),
    script:
        "../scripts/panels.py"


rule table1:
    input:
        metrics=expand("<results>/runs/{run}/metrics.validation.json", run=SELECTION.table1_runs),
        draws=expand("<results>/runs/{run}/bootstrap.validation.npz", run=SELECTION.table1_runs),
        unshared_metrics=expand("<results>/runs/{run}/metrics.validation.unshared.json", run=SELECTION.table1_runs),
        unshared_draws=expand("<results>/runs/{run}/bootstrap.validation.unshared.npz", run=SELECTION.table1_runs),
        thesis=shipped("resources/thesis_results.tsv"),
        genes=rules.genes.output.genes,
        manifest=rules.manifest.output.manifest,
    output:
        tsv="<results>/table1.tsv",
        markdown="<results>/table1.md",
    log:
        "<logs>/table1.log",
    benchmark:
        "<benchmarks>/table1.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        labels=[SELECTION.label(run) for run in SELECTION.table1_runs],
        code=code_hash("table1.py"),
    script:
        "../scripts/table1.py"


rule forest:
    input:
        metrics=rules.table1.input.metrics,
        draws=rules.table1.input.draws,
        other_metrics=[f"{RESULTS}/{row.folder}/metrics.validation.json" for row in SELECTION.drawn_rows],
        other_draws=[f"{RESULTS}/{row.folder}/bootstrap.validation.npz" for row in SELECTION.drawn_rows],
        thesis=shipped("resources/thesis_results.tsv"),
        manifest=rules.manifest.output.manifest,
    output:
        svg=report(
            "<results>/table1.svg",
            caption="../report/forest.rst",
            category="Figures",
            labels={"run": "Table 1", "part": "validation", "figure": "metrics with intervals"},
        ),
        png="<results>/table1.png",
    log:
        "<logs>/forest.log",
    benchmark:
        "<benchmarks>/forest.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        split=SELECTION.table1_split,
        labels=[SELECTION.label(run) for run in SELECTION.table1_runs],
        baselines=[row.label for row in SELECTION.drawn_rows],
        code=code_hash("forest.py"),
    script:
        "../scripts/forest.py"


rule reliability_comparison:
    input:
        coverage=expand("<results>/evaluation/{run}.validation.coverage.tsv", run=SELECTION.table1_runs),
        manifest=rules.manifest.output.manifest,
    output:
        svg=report(
            "<results>/reliability.svg",
            caption="../report/reliability_comparison.rst",
            category="Figures",
            labels={"run": "Table 1", "part": "validation", "figure": "reliability"},
        ),
        png="<results>/reliability.png",
    log:
        "<logs>/reliability_comparison.log",
    benchmark:
        "<benchmarks>/reliability_comparison.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        labels=[SELECTION.label(run) for run in SELECTION.table1_runs],
        code=code_hash("reliability_comparison.py"),
    script:
        "../scripts/reliability_comparison.py"


rule table2:
    input:
        metrics=files_of_final_run("metrics.test.json"),
        draws=files_of_final_run("bootstrap.test.npz"),
        unshared_metrics=files_of_final_run("metrics.test.unshared.json"),
        unshared_draws=files_of_final_run("bootstrap.test.unshared.npz"),
        validation=of_runs("metrics.validation.json", lambda wildcards: SELECTION.candidates()),
        thesis=shipped("resources/thesis_results.tsv"),
        genes=rules.genes.output.genes,
        manifest=rules.manifest.output.manifest,
    output:
        tsv="<results>/table2.tsv",
        markdown="<results>/table2.md",
    log:
        "<logs>/table2.log",
    benchmark:
        "<benchmarks>/table2.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        run=SELECTION.final_run,
        runs=lambda wildcards: SELECTION.candidates(),
        steps=lambda wildcards: RUNS[SELECTION.final_run].steps,
        label=lambda wildcards: SELECTION.label(SELECTION.final_run),
        code=code_hash("table2.py"),
    script:
        "../scripts/table2.py"


# Tables 3-7.
rule comparison:
    input:
        metrics=of_runs("metrics.validation.json", compared),
        draws=of_runs("bootstrap.validation.npz", compared),
        comparisons=shipped("resources/thesis_comparisons.tsv"),
        thesis=shipped("resources/thesis_results.tsv"),
        manifest=rules.manifest.output.manifest,
    output:
        tsv="<results>/table{number}.tsv",
        markdown="<results>/table{number}.md",
    log:
        "<logs>/table{number}.log",
    benchmark:
        "<benchmarks>/table{number}.tsv"
    wildcard_constraints:
        number=either(SELECTION.comparisons),
    conda:
        "../../envs/arrays.yaml"
    params:
        labels=lambda wildcards: [SELECTION.label(run) for run in compared(wildcards)],
        code=code_hash("comparison.py"),
    script:
        "../scripts/comparison.py"


# Test scores of runs and baselines on the genes of all folds: each gene is predicted by a model that did not see it.
rule folds:
    input:
        metrics=[f"{RESULTS}/{model}/metrics.test.json" for model in SELECTION.pooled],
        draws=[f"{RESULTS}/{model}/bootstrap.test.npz" for model in SELECTION.pooled],
        manifest=rules.manifest.output.manifest,
    output:
        tsv="<results>/folds.tsv",
        markdown="<results>/folds.md",
    log:
        "<logs>/folds.log",
    benchmark:
        "<benchmarks>/folds.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        models=[dataclasses.asdict(pool) for pool in SELECTION.pooled.values()],
        code=code_hash("folds.py"),
    script:
        "../scripts/folds.py"


rule intervals:
    input:
        metrics=[f"{RESULTS}/{model.folder}/metrics.{model.part}.json" for model in SELECTION.evaluated],
        draws=[f"{RESULTS}/{model.folder}/bootstrap.{model.part}.npz" for model in SELECTION.evaluated],
        unshared_metrics=[
            f"{RESULTS}/{model.folder}/metrics.{model.part}.unshared.json" for model in SELECTION.evaluated
        ],
        unshared_draws=[
            f"{RESULTS}/{model.folder}/bootstrap.{model.part}.unshared.npz" for model in SELECTION.evaluated
        ],
    output:
        tsv="<results>/intervals.tsv",
    log:
        "<logs>/intervals.log",
    benchmark:
        "<benchmarks>/intervals.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        models=[model.names for model in SELECTION.evaluated],
        code=code_hash("intervals.py"),
    script:
        "../scripts/intervals.py"


# Runs that differ in their seed alone.
rule seeds:
    input:
        metrics=of_runs("metrics.validation.json", seeds),
        manifest=rules.manifest.output.manifest,
    output:
        tsv="<results>/seeds.tsv",
        markdown="<results>/seeds.md",
    log:
        "<logs>/seeds.log",
    benchmark:
        "<benchmarks>/seeds.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        groups=SELECTION.seed_groups,
        labels=[SELECTION.label(runs[0]) for runs in SELECTION.seed_groups],
        metrics={run: f"{RESULTS}/runs/{run}/metrics.validation.json" for runs in SELECTION.seed_groups for run in runs},
        code=code_hash("seeds.py"),
    script:
        "../scripts/seeds.py"


# Runs under a control, each beside the run without it.
rule controls:
    input:
        metrics=of_runs("metrics.validation.json", controls),
        draws=of_runs("bootstrap.validation.npz", controls),
        manifest=rules.manifest.output.manifest,
    output:
        tsv="<results>/controls.tsv",
        markdown="<results>/controls.md",
    log:
        "<logs>/controls.log",
    benchmark:
        "<benchmarks>/controls.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        references=SELECTION.control_runs,
        labels=[SELECTION.label(run) for run in SELECTION.control_runs],
        code=code_hash("controls.py"),
    script:
        "../scripts/controls.py"


# Not part of `all`: choices are made on validation, and the test part is for one final score.
rule test_scores:
    input:
        metrics=[f"{RESULTS}/{model.folder}/metrics.test.json" for model in SELECTION.tested],
        draws=[f"{RESULTS}/{model.folder}/bootstrap.test.npz" for model in SELECTION.tested],
        unshared_metrics=[f"{RESULTS}/{model.folder}/metrics.test.unshared.json" for model in SELECTION.tested],
        unshared_draws=[f"{RESULTS}/{model.folder}/bootstrap.test.unshared.npz" for model in SELECTION.tested],
        genes=rules.genes.output.genes,
        manifest=rules.manifest.output.manifest,
    output:
        tsv="<results>/test_scores.tsv",
        markdown="<results>/test_scores.md",
    log:
        "<logs>/test_scores.log",
    benchmark:
        "<benchmarks>/test_scores.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        models=[model.names for model in SELECTION.tested],
        code=code_hash("test_scores.py"),
    script:
        "../scripts/test_scores.py"
