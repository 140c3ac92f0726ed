rule panels:
    input:
        predictions="<results>/runs/{run}/predictions.validation.npz",
        history=rules.train.output.history,
        record=rules.train.output.record,
    output:
        svg="<results>/runs/{run}/panels.svg",
        png=report(
            "<results>/runs/{run}/panels.png",
            caption="../report/panels.rst",
            category="Runs",
            labels={"run": "{run}"},
        ),
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
        simulated=SETTINGS.simulated,
        code=code_hash("panels.py"),
    script:
        "../scripts/panels.py"


rule table1:
    input:
        metrics=expand("<results>/runs/{run}/metrics.validation.json", run=SETTINGS.table1_runs),
        draws=expand("<results>/runs/{run}/bootstrap.validation.npz", run=SETTINGS.table1_runs),
        thesis=str(ROOT / "resources/thesis_results.tsv"),
    output:
        tsv=report("<results>/table1.tsv", caption="../report/table1.rst", category="Tables"),
        markdown="<results>/table1.md",
        svg="<results>/table1.svg",
        png=report("<results>/table1.png", caption="../report/table1.rst", category="Tables"),
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
        simulated=SETTINGS.simulated,
        code=code_hash("table1.py"),
    script:
        "../scripts/table1.py"


rule table2:
    input:
        metrics=lambda wildcards: f"{RESULTS}/runs/{final_run()}/metrics.test.json",
        draws=lambda wildcards: f"{RESULTS}/runs/{final_run()}/bootstrap.test.npz",
        validation=lambda wildcards: [f"{RESULTS}/runs/{run}/metrics.validation.json" for run in candidates()],
        thesis=str(ROOT / "resources/thesis_results.tsv"),
    output:
        tsv=report("<results>/table2.tsv", caption="../report/table2.rst", category="Tables"),
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
        simulated=SETTINGS.simulated,
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
    output:
        tsv=report("<results>/table{number}.tsv", caption="../report/comparison.rst", category="Tables"),
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
        simulated=SETTINGS.simulated,
        code=code_hash("comparison.py"),
    script:
        "../scripts/comparison.py"


rule intervals:
    input:
        metrics=[f"{RESULTS}/{folder}/metrics.{names['part']}.json" for folder, names in evaluated()],
        draws=[f"{RESULTS}/{folder}/bootstrap.{names['part']}.npz" for folder, names in evaluated()],
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
        metrics=[f"{RESULTS}/runs/{run}/metrics.validation.json" for runs in SETTINGS.seed_groups for run in runs],
    output:
        tsv=report("<results>/seeds.tsv", caption="../report/seeds.rst", category="Tables"),
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
        simulated=SETTINGS.simulated,
        code=code_hash("seeds.py"),
    script:
        "../scripts/seeds.py"


# Runs under a control, each beside the run without it.
rule controls:
    input:
        metrics=[f"{RESULTS}/runs/{run}/metrics.validation.json" for run in SETTINGS.control_runs],
        draws=[f"{RESULTS}/runs/{run}/bootstrap.validation.npz" for run in SETTINGS.control_runs],
    output:
        tsv=report("<results>/controls.tsv", caption="../report/controls.rst", category="Tables"),
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
        simulated=SETTINGS.simulated,
        code=code_hash("controls.py"),
    script:
        "../scripts/controls.py"
