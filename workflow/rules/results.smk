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
        labels=[SETTINGS.architectures[RUNS[run].architecture].label for run in SETTINGS.table1_runs],
        simulated=SETTINGS.simulated,
        code=code_hash("table1.py"),
    script:
        "../scripts/table1.py"
