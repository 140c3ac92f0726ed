# The thesis's Appendix B, on its own: it needs no dataset, and nothing needs it.
rule motif_training:
    output:
        metrics="<results>/motif_detection/metrics.json",
        history="<results>/motif_detection/history.tsv",
        predictions="<results>/motif_detection/predictions.npz",
    log:
        "<logs>/motif_training.log",
    benchmark:
        "<benchmarks>/motif_training.tsv"
    conda:
        KERAS_ENVIRONMENT
    threads: 2
    resources:
        mem_mb=grows(2000),
        runtime=grows(30),
        # Small enough for any CPU. A resource, not a param: another backend must not train anew.
        device="cpu",
        backend=config["compute"]["backend"],
    params:
        settings=config["motif_detection"],
        code=code_hash("motif_training.py"),
    script:
        "../scripts/motif_training.py"


rule motif_panels:
    input:
        metrics=rules.motif_training.output.metrics,
        history=rules.motif_training.output.history,
        predictions=rules.motif_training.output.predictions,
    output:
        svg="<results>/motif_detection/panels.svg",
        png=report(
            "<results>/motif_detection/panels.png",
            caption="../report/motif_detection.rst",
            category="Motif detection",
        ),
    log:
        "<logs>/motif_panels.log",
    benchmark:
        "<benchmarks>/motif_panels.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        code=code_hash("motif_panels.py"),
    script:
        "../scripts/motif_panels.py"


rule motif_detection:
    input:
        rules.motif_training.output.metrics,
        rules.motif_panels.output.png,
    localrule: True
