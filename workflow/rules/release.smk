# The released files under their own names, and what is published of them. Nothing here runs unless it is asked for.


rule cres:
    input:
        bigbed=source_path("ccres"),
        genes=rules.genes.output.genes,
        # Lengths, which the file's must equal.
        index=rules.genome.output.index,
    output:
        scores="<results>/cres/scores.npy",
    log:
        "<logs>/cres.log",
    benchmark:
        "<benchmarks>/cres.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        code=code_hash("cres.py"),
    script:
        "../scripts/cres.py"


rule release_array:
    input:
        source=released_source,
    output:
        array="<results>/release/{array}.npy.gz",
        record="<results>/release/records/{array}.json",
    log:
        "<logs>/release_array/{array}.log",
    benchmark:
        "<benchmarks>/release_array/{array}.tsv"
    wildcard_constraints:
        array=either(PUBLISHED),
    conda:
        "../../envs/arrays.yaml"
    resources:
        runtime=grows(60),
    params:
        # Where the time is unknown, the file differs from the released one in four bytes of its header.
        gz_time=lambda wildcards: PUBLISHED[wildcards.array].gz_time or 0,
        code=code_hash("release_array.py"),
    script:
        "../scripts/release_array.py"


rule verify_release:
    input:
        records=expand("<results>/release/records/{array}.json", array=PUBLISHED),
        published=shipped("resources/release_manifest.tsv"),
        manifest=rules.manifest.output.manifest,
    output:
        table=report("<results>/release/verification.tsv", category="Tables"),
    log:
        "<logs>/verify_release.log",
    benchmark:
        "<benchmarks>/verify_release.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        arrays=list(PUBLISHED),
        unlike_cres=SETTINGS.own_cres,
        code=code_hash("verify_release.py"),
    script:
        "../scripts/verify_release.py"


rule release:
    input:
        rules.verify_release.output.table,
        expand("<results>/release/{array}.npy.gz", array=PUBLISHED),
    localrule: True


rule compare_release:
    input:
        published=released_data,
        sources=[f"{RESULTS}/{recipe.file}" for recipe in RECIPES.values()],
        genes=rules.genes.output.genes,
        samples=rules.samples.output.samples,
        regulators=rules.expression.output.regulators,
    output:
        table=report("<results>/compare_release.tsv", category="Tables"),
    log:
        "<logs>/compare_release.log",
    benchmark:
        "<benchmarks>/compare_release.tsv"
    conda:
        "../../envs/arrays.yaml"
    resources:
        runtime=grows(60),
    params:
        code=code_hash("compare_release.py"),
    script:
        "../scripts/compare_release.py"
