rule gene_lines:
    input:
        gtf=source_path("annotation"),
    output:
        records="<results>/annotation/gene_lines.tsv",
    log:
        "<logs>/gene_lines.log",
    benchmark:
        "<benchmarks>/gene_lines.tsv"
    conda:
        "../../envs/workflow.yaml"
    params:
        code=code_hash("gene_lines.py"),
    script:
        "../scripts/gene_lines.py"


rule genes:
    input:
        records=rules.gene_lines.output.records,
        wanted=travelling(config["genes"]),
        # Looked into where genes that it lacks are left out.
        expression=source_path("expression") if SETTINGS.may_drop_genes else [],
        own=own_sources("expression", "annotation"),
        # For the names of its chromosomes.
        fasta=source_path("genome") if SETTINGS.takes_chromosomes_of_genome else [],
    output:
        genes="<results>/dataset/genes.tsv",
        dropped="<results>/annotation/dropped_genes.tsv",
        ambiguous="<results>/annotation/ambiguous_rows.tsv",
    log:
        "<logs>/genes.log",
    benchmark:
        "<benchmarks>/genes.tsv"
    conda:
        "../../envs/workflow.yaml"
    params:
        chromosomes=config["chromosomes"],
        edition=config["edition"],
        window=config["window"],
        own_checksums=SETTINGS.own_checksums("expression", "annotation"),
        # Simulated TPM do not sum to a million.
        unit=config["expression"]["unit"] if SETTINGS.locations["expression"].kind != "simulated" else "",
        code=code_hash("genes.py"),
    script:
        "../scripts/genes.py"


rule samples:
    input:
        expression=source_path("expression"),
        attributes=source_path("samples") or [],
        phenotypes=source_path("donors") or [],
        wanted=travelling(config["samples"]),
    output:
        samples="<results>/dataset/samples.tsv",
        donors="<results>/dataset/donors.tsv",
        tissues="<results>/dataset/tissues.tsv",
        tissue="<results>/dataset/tissue.npy",
    log:
        "<logs>/samples.log",
    benchmark:
        "<benchmarks>/samples.tsv"
    conda:
        "../../envs/workflow.yaml"
    params:
        columns=config["sample_table"],
        code=code_hash("samples.py"),
    script:
        "../scripts/samples.py"


# Targets and regulators in one pass: reading the expression is the longest part of building the arrays.
rule expression:
    input:
        expression=source_path("expression"),
        lambert=source_path("regulators"),
        records=rules.gene_lines.output.records,
        genes=rules.genes.output.genes,
        dropped=rules.genes.output.dropped,
        samples=rules.samples.output.samples,
    output:
        expression="<results>/dataset/expression.npy",
        levels="<results>/dataset/regulator_levels.npy",
        regulators="<results>/dataset/regulators.tsv",
        absent="<results>/dataset/absent_genes.tsv",
        absent_regulators="<results>/dataset/absent_regulators.tsv",
    log:
        "<logs>/expression.log",
    benchmark:
        "<benchmarks>/expression.tsv"
    conda:
        "../../envs/workflow.yaml"
    resources:
        mem_mb=grows(1500),
        runtime=grows(30),
        disk_mb=5000,
    params:
        edition=config["edition"],
        code=code_hash("expression.py"),
    script:
        "../scripts/expression.py"


rule motifs:
    input:
        regulators=rules.expression.output.regulators,
        levels=rules.expression.output.levels,
        own=[travelling(config["motifs"][key]) for key in ("file", "map") if config["motifs"][key]],
    output:
        motifs="<results>/dataset/motifs.tsv",
        core_motifs="<results>/dataset/core_motifs.tsv",
        pssm="<results>/dataset/pssm.npy",
        core="<results>/dataset/core.npy",
        motif_map="<results>/dataset/motif_map.npy",
        tf_levels="<results>/dataset/tf_levels.npy",
        left_out="<results>/annotation/left_out_motifs.tsv",
    log:
        "<logs>/motifs.log",
    benchmark:
        "<benchmarks>/motifs.tsv"
    conda:
        "../../envs/workflow.yaml"
    params:
        edition=config["edition"],
        motifs=config["motifs"],
        code=code_hash("motifs.py"),
    script:
        "../scripts/motifs.py"


rule onehot:
    input:
        fasta=rules.genome.output.fasta,
        genes=rules.genes.output.genes,
    output:
        onehot="<results>/dataset/onehot.npy",
    log:
        "<logs>/onehot.log",
    benchmark:
        "<benchmarks>/onehot.tsv"
    conda:
        "../../envs/workflow.yaml"
    resources:
        mem_mb=grows(1500),
        runtime=grows(20),
    params:
        code=code_hash("onehot.py"),
    script:
        "../scripts/onehot.py"


rule histone_track:
    input:
        track=lambda wildcards: source_path(TRACKS[wildcards.track].key),
        genes=rules.genes.output.genes,
        # Lengths, which the track's must equal.
        index=rules.genome.output.index,
    output:
        windows=temp("<results>/histones/{track}.npy"),
        silent=temp("<results>/histones/{track}.silent.tsv"),
    log:
        "<logs>/histone_track/{track}.log",
    benchmark:
        "<benchmarks>/histone_track/{track}.tsv"
    wildcard_constraints:
        track=either(TRACKS),
    conda:
        "../../envs/workflow.yaml"
    resources:
        runtime=grows(20),
    params:
        reader=lambda wildcards: TRACKS[wildcards.track].reader,
        strict=config["strict_tracks"],
        code=code_hash("histone_track.py"),
    script:
        "../scripts/histone_track.py"


rule histones:
    input:
        tracks=expand("<results>/histones/{track}.npy", track=TRACKS),
        silent=expand("<results>/histones/{track}.silent.tsv", track=TRACKS),
    output:
        histones="<results>/dataset/histones.npy",
        tracks="<results>/dataset/tracks.tsv",
        silent="<results>/dataset/silent_chromosomes.tsv",
    log:
        "<logs>/histones.log",
    benchmark:
        "<benchmarks>/histones.tsv"
    conda:
        "../../envs/workflow.yaml"
    resources:
        mem_mb=grows(1500),
        runtime=grows(20),
        disk_mb=5000,
    params:
        tracks=[[track.mark, track.cell] for track in SETTINGS.tracks],
        code=code_hash("histones.py"),
    script:
        "../scripts/histones.py"


rule wide_bases:
    input:
        fasta=rules.genome.output.fasta,
        genes=rules.genes.output.genes,
    output:
        bases="<results>/dataset/wide_bases.npy",
    log:
        "<logs>/wide_bases.log",
    benchmark:
        "<benchmarks>/wide_bases.tsv"
    conda:
        "../../envs/workflow.yaml"
    resources:
        mem_mb=grows(1500),
        runtime=grows(20),
    params:
        flank=config["wide"]["sequence"],
        code=code_hash("wide_bases.py"),
    script:
        "../scripts/wide_bases.py"


rule wide_track:
    input:
        track=rules.histone_track.input.track,
        genes=rules.genes.output.genes,
        records=rules.gene_lines.output.records if config["wide"]["gene_body"] else [],
        index=rules.genome.output.index,
    output:
        **({"body": temp("<results>/wide/{track}.body.npy")} if config["wide"]["gene_body"] else {}),
        means=temp("<results>/wide/{track}.npy"),
    log:
        "<logs>/wide_track/{track}.log",
    benchmark:
        "<benchmarks>/wide_track/{track}.tsv"
    wildcard_constraints:
        track=either(TRACKS),
    conda:
        "../../envs/workflow.yaml"
    resources:
        runtime=grows(20),
    params:
        edges=config["wide"]["mark_edges"],
        reader=rules.histone_track.params.reader,
        strict=config["strict_tracks"],
        code=code_hash("wide_track.py"),
    script:
        "../scripts/wide_track.py"


rule wide_marks:
    input:
        tracks=expand("<results>/wide/{track}.npy", track=TRACKS),
        bodies=expand("<results>/wide/{track}.body.npy", track=TRACKS) if config["wide"]["gene_body"] else [],
    output:
        **({"body": "<results>/dataset/body_marks.npy"} if config["wide"]["gene_body"] else {}),
        marks="<results>/dataset/wide_marks.npy",
        bins="<results>/dataset/bins.tsv",
    log:
        "<logs>/wide_marks.log",
    benchmark:
        "<benchmarks>/wide_marks.tsv"
    conda:
        "../../envs/workflow.yaml"
    params:
        edges=config["wide"]["mark_edges"],
        code=code_hash("wide_marks.py"),
    script:
        "../scripts/wide_marks.py"


rule manifest:
    input:
        files=dataset_files(),
        sources=[source_path(key) for key, record in SETTINGS.source_records().items() if record["path"]],
    output:
        manifest="<results>/dataset/manifest.json",
    log:
        "<logs>/manifest.log",
    benchmark:
        "<benchmarks>/manifest.tsv"
    conda:
        "../../envs/workflow.yaml"
    resources:
        runtime=grows(30),
        disk_mb=20000,
    params:
        sources=SETTINGS.source_records(),
        shaped_by={
            key: config[key]
            for key in ("edition", "chromosomes", "genes", "samples", "sample_table", "window", "wide")
            + (("tracks",) if SETTINGS.own_tracks else ())
        }
        | {"motifs": SETTINGS.motifs.changed},
        simulation=(config["simulation"] if SETTINGS.simulated else {}),
        code=code_hash(*ARRAY_SCRIPTS),
    script:
        "../scripts/manifest.py"
