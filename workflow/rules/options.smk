# Runs with options, each beside the same run without.
rule options:
    input:
        metrics=files_of_option_groups("metrics.{part}.json"),
        draws=files_of_option_groups("bootstrap.{part}.npz"),
        manifest=rules.manifest.output.manifest,
    output:
        tsv="<results>/options.tsv",
        markdown="<results>/options.md",
    log:
        "<logs>/options.log",
    benchmark:
        "<benchmarks>/options.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        groups=[group._asdict() for group in OPTION_GROUPS],
        code=code_hash("options.py"),
    script:
        "../scripts/options.py"
