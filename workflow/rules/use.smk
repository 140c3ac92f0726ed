# Pages about genes and scores of variants, by runs that are averaged (config: use).
USED = {
    "dataset": dataset_files(),
    "manifest": rules.manifest.output.manifest,
    "runs": used_runs,
    "split": used_split,
}
# Only networks want a GPU.
USED_GPUS = gpus(int(any(run in SELECTION.networks for run in config["use"]["runs"])))


rule gene_page:
    input:
        **USED,
        truth=[rules.simulate_truth.output[name] for name in ("hits", "regulator_effects")] if SELECTION.planted else [],
        style=shipped("workflow/scripts/tr300m/results/report/gene_page.css"),
        code=shipped("workflow/scripts/tr300m/results/report/gene_page.js"),
    output:
        page=report(
            "<results>/use/{gene}.html",
            caption="../report/gene_page.rst",
            category="Genes",
            labels={"gene": "{gene}"},
        ),
    log:
        "<logs>/gene_page/{gene}.log",
    benchmark:
        "<benchmarks>/gene_page/{gene}.tsv"
    wildcard_constraints:
        gene=either(config["use"]["genes"]),
    conda:
        KERAS_ENVIRONMENT
    threads: config["compute"]["train_threads"]
    resources:
        gpu=USED_GPUS,
        mem_mb=grows(config["compute"]["train_mem_mb"]),
        runtime=grows(30),
    params:
        names=config["use"]["runs"],
        code=code_hash("gene_page.py"),
    script:
        "../scripts/gene_page.py"


rule variants:
    input:
        **USED,
        vcf=travelling(config["use"]["variants"]),
        genome=rules.genome.output.fasta,
        index=rules.genome.output.index,
    output:
        table="<results>/use/variants.tsv",
    log:
        "<logs>/variants.log",
    benchmark:
        "<benchmarks>/variants.tsv"
    conda:
        KERAS_ENVIRONMENT
    threads: config["compute"]["train_threads"]
    resources:
        gpu=USED_GPUS,
        mem_mb=grows(config["compute"]["train_mem_mb"]),
        runtime=grows(120),
    params:
        names=config["use"]["runs"],
        tissues=config["use"]["tissues"],
        code=code_hash("variants.py"),
    script:
        "../scripts/variants.py"


# What the configuration asks of trained runs.
USES = expand("<results>/use/{gene}.html", gene=config["use"]["genes"])
USES += ["<results>/use/variants.tsv"] if config["use"]["variants"] else []


rule use:
    input:
        USES,
    localrule: True
