# Whether a regulator's motif times its own level predicts genes that were not fitted.


rule mechanism:
    input:
        dataset=dataset_files(),
        manifest=rules.manifest.output.manifest,
        features="<results>/baselines/features/motif_maxima.npy",
    output:
        tsv="<results>/mechanism.tsv",
        markdown="<results>/mechanism.md",
        pairings="<results>/mechanism.npz",
    log:
        "<logs>/mechanism.log",
    benchmark:
        "<benchmarks>/mechanism.tsv"
    # Begun last, it would run alone on one core.
    priority: 1
    conda:
        "../../envs/arrays.yaml"
    # Thousands of small solutions of equations, which several threads make slower.
    threads: 1
    resources:
        mem_mb=grows(config["compute"]["array_mem_mb"]),
        runtime=grows(60),
    params:
        tissue_groups=SETTINGS.split["tissue_groups"],
        draws=config["evaluation"]["draws"],
        seed=config["evaluation"]["seed"],
        code=code_hash("mechanism.py"),
    script:
        "../scripts/mechanism.py"


rule mechanism_figure:
    input:
        pairings=rules.mechanism.output.pairings,
        manifest=rules.manifest.output.manifest,
    output:
        svg=report(
            "<results>/mechanism.svg",
            caption="../report/mechanism_figure.rst",
            category="Figures",
            labels={"run": "no run", "part": "all genes", "figure": "mechanism"},
        ),
        png="<results>/mechanism.png",
    log:
        "<logs>/mechanism_figure.log",
    benchmark:
        "<benchmarks>/mechanism_figure.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        code=code_hash("mechanism_figure.py"),
    script:
        "../scripts/mechanism_figure.py"
