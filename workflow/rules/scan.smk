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
        "../../envs/arrays.yaml"
    threads: 2
    resources:
        mem_mb=grows(config["compute"]["array_mem_mb"]),
        runtime=grows(120),
        disk_mb=25000,
    params:
        schedule=SETTINGS.network["schedule"],
        both_strands=False,
        code=code_hash("scan.py"),
    script:
        "../scripts/scan.py"


# For runs with the option both_strands.
use rule scan as scan_both_strands with:
    output:
        pooled="<results>/scan_both_strands/pooled.npy",
        core="<results>/scan_both_strands/core.npy",
        record="<results>/scan_both_strands/scan.json",
    log:
        "<logs>/scan_both_strands.log",
    benchmark:
        "<benchmarks>/scan_both_strands.tsv"
    params:
        schedule=SETTINGS.network["schedule"],
        both_strands=True,
        code=code_hash("scan.py"),
