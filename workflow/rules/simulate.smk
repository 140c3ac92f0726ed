# Each file is simulated only where the configuration's `sources` say so; the others are then read as given.


rule simulate_annotation:
    output:
        gtf=simulated_path("annotation"),
    log:
        "<logs>/simulate/annotation.log",
    benchmark:
        "<benchmarks>/simulate/annotation.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        simulation=config["simulation"],
        code=code_hash("simulate_annotation.py"),
    script:
        "../scripts/simulate_annotation.py"


rule simulate_samples:
    output:
        attributes=simulated_path("samples"),
    log:
        "<logs>/simulate/samples.log",
    benchmark:
        "<benchmarks>/simulate/samples.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        simulation=config["simulation"],
        code=code_hash("simulate_samples.py"),
    script:
        "../scripts/simulate_samples.py"


rule simulate_donors:
    output:
        phenotypes=simulated_path("donors"),
    log:
        "<logs>/simulate/donors.log",
    benchmark:
        "<benchmarks>/simulate/donors.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        simulation=config["simulation"],
        code=code_hash("simulate_donors.py"),
    script:
        "../scripts/simulate_donors.py"


rule simulate_lambert:
    input:
        gtf=source_path("annotation"),
    output:
        lambert=simulated_path("regulators"),
    log:
        "<logs>/simulate/lambert.log",
    benchmark:
        "<benchmarks>/simulate/lambert.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        simulation=config["simulation"],
        code=code_hash("simulate_lambert.py"),
    script:
        "../scripts/simulate_lambert.py"


rule simulate_genome:
    input:
        gtf=source_path("annotation"),
    output:
        fasta=simulated_path("genome"),
        sites="<results>/sources/truth/motif_sites.tsv",
    log:
        "<logs>/simulate/genome.log",
    benchmark:
        "<benchmarks>/simulate/genome.tsv"
    conda:
        "../../envs/arrays.yaml"
    resources:
        mem_mb=grows(2000),
        runtime=grows(30),
    params:
        simulation=config["simulation"],
        code=code_hash("simulate_genome.py"),
    script:
        "../scripts/simulate_genome.py"


rule simulate_truth:
    input:
        gtf=source_path("annotation"),
        fasta=source_path("genome"),
        lambert=source_path("regulators"),
        # Histones are simulated for tissues: without a table of samples, for simulated ones.
        attributes=source_path("samples") or simulated_path("samples"),
    output:
        genes="<results>/sources/truth/genes.tsv",
        samples="<results>/sources/truth/samples.tsv",
        regulator_effects="<results>/sources/truth/regulator_effects.tsv",
        driver_levels="<results>/sources/truth/driver_levels.tsv",
        hits="<results>/sources/truth/hits.tsv",
        openness="<results>/sources/truth/openness.tsv",
        openness_residual="<results>/sources/truth/openness_residual.tsv",
        tissue_cells="<results>/sources/truth/tissue_cells.tsv",
        tpm="<results>/sources/truth/expression.npy",
        summary="<results>/sources/truth/summary.json",
    log:
        "<logs>/simulate/truth.log",
    benchmark:
        "<benchmarks>/simulate/truth.tsv"
    conda:
        "../../envs/arrays.yaml"
    resources:
        mem_mb=grows(4000),
        runtime=grows(30),
    params:
        simulation=config["simulation"],
        code=code_hash("simulate_truth.py"),
    script:
        "../scripts/simulate_truth.py"


rule simulate_expression:
    input:
        truth=rules.simulate_truth.output.summary,
        tables=[rules.simulate_truth.output[name] for name in ("genes", "samples", "tpm")],
    output:
        gct=simulated_path("expression"),
    log:
        "<logs>/simulate/expression.log",
    benchmark:
        "<benchmarks>/simulate/expression.tsv"
    conda:
        "../../envs/arrays.yaml"
    resources:
        mem_mb=grows(4000),
        runtime=grows(30),
    params:
        simulation=config["simulation"],
        code=code_hash("simulate_expression.py"),
    script:
        "../scripts/simulate_expression.py"


rule simulate_histone_track:
    input:
        openness=rules.simulate_truth.output.openness,
        genes=rules.simulate_truth.output.genes,
        # Lengths alone: a FASTA extracted anew changes no track. Snakemake 9.27 puts this mark on the output itself, so no
        # rule that reads the index is run again because of it.
        sizes=ancient(rules.genome.output.index),
    output:
        bigwig="<results>/sources/{cell}{mark}.bigWig",
    log:
        "<logs>/simulate/histone_track/{cell}{mark}.log",
    benchmark:
        "<benchmarks>/simulate/histone_track/{cell}{mark}.tsv"
    wildcard_constraints:
        cell=either(CELLS),
        # As upstream spells it in its file names.
        mark=either(mark.replace("K", "k") for mark in MARKS),
    conda:
        "../../envs/arrays.yaml"
    resources:
        runtime=grows(20),
    params:
        simulation=config["simulation"],
        code=code_hash("simulate_histone_track.py"),
    script:
        "../scripts/simulate_histone_track.py"


rule simulate_cres:
    input:
        gtf=source_path("annotation"),
        # Lengths alone, as above.
        sizes=ancient(rules.genome.output.index),
    output:
        bigbed=simulated_path("ccres"),
        rows="<results>/sources/truth/cres.bed",
    log:
        "<logs>/simulate/cres.log",
    benchmark:
        "<benchmarks>/simulate/cres.tsv"
    conda:
        "../../envs/arrays.yaml"
    params:
        simulation=config["simulation"],
        code=code_hash("simulate_cres.py"),
    script:
        "../scripts/simulate_cres.py"
