# The pooled motif scores of every gene, once, for runs with scan = cached.
rule scan:
    input:
        dataset=dataset_files(),
        manifest=rules.manifest.output.manifest,
    output:
        pooled="<results>/scan/pooled.npy",
        core="<results>/scan/core.npy",
        record="<results>/scan/scan.json",
    log:
        "<logs>/scan.log",
    benchmark:
        "<benchmarks>/scan.tsv"
    conda:
        "../../envs/workflow.yaml"
    threads: 2
    resources:
        mem_mb=config["compute"]["array_mem_mb"],
        runtime=240,
    params:
        schedule=SETTINGS.network["schedule"],
        code=code_hash("scan.py"),
    script:
        "../scripts/scan.py"
