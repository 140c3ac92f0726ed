# The output is a link: Snakemake deletes outputs before a rerun, and the bytes must outlive that (`sources/store`).
rule download:
    output:
        f"{UPSTREAM}/{{name}}",
    log:
        f"{UPSTREAM}/logs/{{name}}.log",
    benchmark:
        f"{UPSTREAM}/benchmarks/{{name}}.tsv"
    wildcard_constraints:
        name=either(SETTINGS.file_names("upstream")),
    # Resumes where a killed attempt stopped.
    retries: 1
    conda:
        "../../envs/workflow.yaml"
    resources:
        network=1,
        mem_mb=grows(500),
        runtime=grows(120),
        disk_mb=4000,
    params:
        # Without credentials, because Snakemake keeps parameters; the script finds them where these come from.
        source=lambda wildcards: SETTINGS.public_download(wildcards.name),
    script:
        "../scripts/download.py"


# A URL of the user's: checked like the others, but kept with the configuration that names it.
use rule download as download_own with:
    output:
        "<results>/downloads/{name}",
    log:
        "<logs>/download/{name}.log",
    benchmark:
        "<benchmarks>/download/{name}.tsv"
    wildcard_constraints:
        name=either(SETTINGS.file_names("url")),


# Of a remote track the genes' windows alone. What came is kept beside the downloads, as in `download`.
rule track_excerpt:
    input:
        genes="<results>/dataset/genes.tsv",
    output:
        "<results>/excerpts/{name}",
    log:
        "<logs>/track_excerpt/{name}.log",
    benchmark:
        "<benchmarks>/track_excerpt/{name}.tsv"
    wildcard_constraints:
        name=either(SETTINGS.excerpt_names()),
    retries: 1
    conda:
        "../../envs/workflow.yaml"
    resources:
        network=1,
        runtime=grows(60),
    params:
        source=lambda wildcards: SETTINGS.public_download(wildcards.name),
        kept=lambda wildcards: SETTINGS.ranges_folder(wildcards.name),
        flank=max(config["wide"]["mark_edges"], default=0),
        code=code_hash("track_excerpt.py"),
    script:
        "../scripts/track_excerpt.py"


rule genome_parts:
    input:
        parts=[source_path(key) for key in config["genome_parts"]],
    output:
        fasta=temp("<results>/genome/parts.fa.gz"),
    log:
        "<logs>/genome_parts.log",
    benchmark:
        "<benchmarks>/genome_parts.tsv"
    conda:
        "../../envs/workflow.yaml"
    params:
        code=code_hash("genome_parts.py"),
    script:
        "../scripts/genome_parts.py"


# pyfaidx reads by position, which plain gzip does not allow.
rule genome:
    input:
        fasta=source_path("genome"),
        genes="<results>/dataset/genes.tsv",
        # For the build that it states.
        gtf=source_path("annotation"),
    output:
        fasta=temp("<results>/genome/genome.fa"),
        index="<results>/genome/genome.fa.fai",
    log:
        "<logs>/genome.log",
    benchmark:
        "<benchmarks>/genome.tsv"
    conda:
        "../../envs/workflow.yaml"
    resources:
        mem_mb=grows(1500),
        runtime=grows(20),
        disk_mb=5000,
    params:
        code=code_hash("genome.py"),
    script:
        "../scripts/genome.py"
