rule panels:
    input:
        predictions="<results>/runs/{run}/predictions.validation.npz",
        history=rules.train.output.history,
        record=rules.train.output.record,
        thesis=str(ROOT / "resources/thesis_curves.tsv"),
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
        "../../envs/workflow.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        thesis_run=lambda wildcards: SETTINGS.thesis_run(wildcards.run),
        code=code_hash("panels.py"),
    script:
        "../scripts/panels.py"


rule table1:
    input:
        metrics=expand("<results>/runs/{run}/metrics.validation.json", run=SETTINGS.table1_runs),
        draws=expand("<results>/runs/{run}/bootstrap.validation.npz", run=SETTINGS.table1_runs),
        unshared_metrics=expand("<results>/runs/{run}/metrics.validation.unshared.json", run=SETTINGS.table1_runs),
        unshared_draws=expand("<results>/runs/{run}/bootstrap.validation.unshared.npz", run=SETTINGS.table1_runs),
        thesis=str(ROOT / "resources/thesis_results.tsv"),
        manifest=rules.manifest.output.manifest,
    output:
        tsv="<results>/table1.tsv",
        markdown="<results>/table1.md",
    log:
        "<logs>/table1.log",
    benchmark:
        "<benchmarks>/table1.tsv"
    conda:
        "../../envs/workflow.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        labels=[label_of(run) for run in SETTINGS.table1_runs],
        code=code_hash("table1.py"),
    script:
        "../scripts/table1.py"


rule forest:
    input:
        metrics=rules.table1.input.metrics,
        draws=rules.table1.input.draws,
        other_metrics=expand("<results>/baselines/thesis/{name}/metrics.validation.json", name=drawn_baselines()),
        other_draws=expand("<results>/baselines/thesis/{name}/bootstrap.validation.npz", name=drawn_baselines()),
        thesis=str(ROOT / "resources/thesis_results.tsv"),
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
        "../../envs/workflow.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        labels=[label_of(run) for run in SETTINGS.table1_runs],
        baselines=drawn_baselines(),
        code=code_hash("forest.py"),
    script:
        "../scripts/forest.py"


rule reliability_comparison:
    input:
        coverage=expand("<results>/evaluation/{run}.validation.coverage.tsv", run=SETTINGS.table1_runs),
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
        "../../envs/workflow.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        labels=[label_of(run) for run in SETTINGS.table1_runs],
        code=code_hash("reliability_comparison.py"),
    script:
        "../scripts/reliability_comparison.py"


rule table2:
    input:
        metrics=lambda wildcards: f"{RESULTS}/runs/{final_run()}/metrics.test.json",
        draws=lambda wildcards: f"{RESULTS}/runs/{final_run()}/bootstrap.test.npz",
        unshared_metrics=lambda wildcards: f"{RESULTS}/runs/{final_run()}/metrics.test.unshared.json",
        unshared_draws=lambda wildcards: f"{RESULTS}/runs/{final_run()}/bootstrap.test.unshared.npz",
        validation=lambda wildcards: [f"{RESULTS}/runs/{run}/metrics.validation.json" for run in candidates()],
        thesis=str(ROOT / "resources/thesis_results.tsv"),
        manifest=rules.manifest.output.manifest,
    output:
        tsv="<results>/table2.tsv",
        markdown="<results>/table2.md",
    log:
        "<logs>/table2.log",
    benchmark:
        "<benchmarks>/table2.tsv"
    conda:
        "../../envs/workflow.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        run=lambda wildcards: final_run(),
        runs=lambda wildcards: candidates(),
        steps=lambda wildcards: RUNS[final_run()].steps,
        label=lambda wildcards: label_of(final_run()),
        code=code_hash("table2.py"),
    script:
        "../scripts/table2.py"


# Tables 3-7.
rule comparison:
    input:
        metrics=lambda wildcards: [f"{RESULTS}/runs/{run}/metrics.validation.json" for run in compared(wildcards)],
        draws=lambda wildcards: [f"{RESULTS}/runs/{run}/bootstrap.validation.npz" for run in compared(wildcards)],
        comparisons=str(ROOT / "resources/thesis_comparisons.tsv"),
        thesis=str(ROOT / "resources/thesis_results.tsv"),
        manifest=rules.manifest.output.manifest,
    output:
        tsv="<results>/table{number}.tsv",
        markdown="<results>/table{number}.md",
    log:
        "<logs>/table{number}.log",
    benchmark:
        "<benchmarks>/table{number}.tsv"
    wildcard_constraints:
        number=either(SETTINGS.comparisons),
    conda:
        "../../envs/workflow.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        labels=lambda wildcards: [label_of(run) for run in compared(wildcards)],
        code=code_hash("comparison.py"),
    script:
        "../scripts/comparison.py"


rule intervals:
    input:
        metrics=[f"{RESULTS}/{folder}/metrics.{names['part']}.json" for folder, names in evaluated()],
        draws=[f"{RESULTS}/{folder}/bootstrap.{names['part']}.npz" for folder, names in evaluated()],
        unshared_metrics=[f"{RESULTS}/{folder}/metrics.{names['part']}.unshared.json" for folder, names in evaluated()],
        unshared_draws=[f"{RESULTS}/{folder}/bootstrap.{names['part']}.unshared.npz" for folder, names in evaluated()],
    output:
        tsv="<results>/intervals.tsv",
    log:
        "<logs>/intervals.log",
    benchmark:
        "<benchmarks>/intervals.tsv"
    conda:
        "../../envs/workflow.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        models=[names for _, names in evaluated()],
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
        "../../envs/workflow.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        groups=SETTINGS.seed_groups,
        labels=[label_of(runs[0]) for runs in SETTINGS.seed_groups],
        metrics={run: f"{RESULTS}/runs/{run}/metrics.validation.json" for runs in SETTINGS.seed_groups for run in runs},
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
        "../../envs/workflow.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        references=SETTINGS.control_runs,
        labels=[label_of(run) for run in SETTINGS.control_runs],
        code=code_hash("controls.py"),
    script:
        "../scripts/controls.py"
