"""Upstream files of full size, made of seeded random numbers, and a configuration that reads them.

    python benchmarks/full_size_inputs.py FOLDER
    python benchmarks/full_size_inputs.py FOLDER --gtf gencode.v26.annotation.gtf.gz --lambert LIST.csv

The formats, shapes and sizes are upstream's; the numbers mean nothing. With `--gtf` and `--lambert` the genes and the
regulators are real, without them they are drawn. FOLDER needs 6 GB at full size; the arrays built from it 12 GB more.
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyBigWig
from isal import igzip_threaded
from tr300m.arrays.genes import CHROMOSOMES, PROTEIN_CODING, GeneRecords, read_gene_records
from tr300m.arrays.motifs import human_profiles
from tr300m.base.axes import CELLS, MARKS
from tr300m.base.progress import progress

ROWS, SAMPLES, DONORS, TISSUES, CODING, REGULATORS = 56_200, 17_382, 948, 54, 19_804, 2_765
SIZES = "248 242 198 190 181 170 159 145 138 133 135 133 114 107 101 90 83 80 58 64 46 50 156 57"
LENGTHS = {name: (int(size) + 1) * 1_000_000 for name, size in zip(CHROMOSOMES, SIZES.split(), strict=True)}
"""Base pairs of the chromosomes of hg38, rounded up."""
LINE = 50
POOL_LINES = 500_000
POOL_VALUES = 4_000_000
ZERO_SHARE = 0.05
"""Zeros are rarer than in GTEx, so that the text has its length (6 GB)."""
BIN, REACH = 25, 3_000


def draw_genes(count: int, rng: np.random.Generator) -> GeneRecords:
    """Draw `count` genes over the genome, a third of them protein-coding, JASPAR's human names first."""
    lengths = np.array(list(LENGTHS.values()))
    chromosome = np.sort(rng.choice(len(lengths), size=count, p=lengths / lengths.sum()))
    coding = np.zeros(count, dtype=bool)
    coding[rng.choice(count, size=min(CODING, count // 2), replace=False)] = True
    names = np.array([f"SIM{number}" for number in range(count)], dtype="<U20")
    jaspar = sorted({profile.name for profile in human_profiles() if "::" not in profile.name})
    names[rng.permutation(np.flatnonzero(coding))[: len(jaspar)]] = jaspar[: coding.sum()]
    return GeneRecords(
        gene_id=np.array([f"ENSG{number:011d}.1" for number in range(count)]),
        gene_name=names,
        gene_type=np.where(coding, PROTEIN_CODING, "lincRNA"),
        chromosome=np.array(CHROMOSOMES)[chromosome],
        strand=rng.choice(["+", "-"], size=count),
        tss=rng.integers(20_000, lengths[chromosome] - 20_000),
    )


def write_gtf(genes: GeneRecords, out: Path) -> None:
    """Write a GTF of gene lines only, each gene 1 kb long."""
    columns = zip(*(column.tolist() for column in genes.columns().values()), strict=True)
    with igzip_threaded.open(out, "wt") as handle:
        for gene_id, name, kind, chromosome, strand, tss in columns:
            start = tss if strand == "+" else tss - 999
            handle.write(
                f"{chromosome}\tHAVANA\tgene\t{start}\t{start + 999}\t.\t{strand}\t.\t"
                f'gene_id "{gene_id}"; gene_type "{kind}"; gene_name "{name}";\n'
            )


def write_gct(gene_ids: list[str], sample_ids: list[str], out: Path, rng: np.random.Generator) -> None:
    """Write TPM as GTEx does, with four digits; a row is a stretch of a pool of formatted values."""
    values = np.exp(rng.normal(1.0, 2.0, size=POOL_VALUES))
    values[rng.random(POOL_VALUES) < ZERO_SHARE] = 0
    texts = [f"{value:.4g}" if value < 9_999 else str(round(value)) for value in values.tolist()]
    begins = np.concatenate([[0], np.cumsum([len(text) + 1 for text in texts])])
    pool = "\t".join(texts).encode()
    with igzip_threaded.open(out, "wb", compresslevel=2) as handle:
        handle.write(f"#1.2\n{len(gene_ids)}\t{len(sample_ids)}\nName\tDescription\t".encode())
        handle.write("\t".join(sample_ids).encode() + b"\n")
        for gene in progress(gene_ids, total=len(gene_ids), what=out.name, unit="rows"):
            first = int(rng.integers(POOL_VALUES - len(sample_ids)))
            row = pool[begins[first] : begins[first + len(sample_ids)] - 1]
            handle.write(gene.encode() + b"\tNAME\t" + row + b"\n")


def write_fasta(out: Path, rng: np.random.Generator) -> None:
    """Write chromosomes of random bases, soft-masked here and there, in lines of 50."""
    letters = np.frombuffer(b"ACGTacgt", dtype=np.uint8)
    pool = np.full((POOL_LINES, LINE + 1), ord("\n"), dtype=np.uint8)
    pool[:, :LINE] = letters[rng.integers(4, size=(POOL_LINES, LINE)) + 4 * (rng.random((POOL_LINES, 1)) < 0.5)]
    with igzip_threaded.open(out, "wb", compresslevel=1) as handle:
        for name, size in progress(LENGTHS.items(), total=len(LENGTHS), what=out.name, unit="chromosomes"):
            handle.write(f">{name}\n".encode())
            left = size // LINE
            while left:
                first = int(rng.integers(POOL_LINES - 1))
                lines = pool[first : first + min(left, 20_000)]
                handle.write(lines.tobytes())
                left -= len(lines)


def regions(genes: GeneRecords) -> Iterator[tuple[str, int, int]]:
    """Yield the merged surroundings of all TSS, in chromosome order, in bins from the chromosome's start."""
    for name in CHROMOSOMES:
        centres = np.sort(genes.tss[genes.chromosome == name]) // BIN
        if not len(centres):
            continue
        breaks = np.flatnonzero(np.diff(centres) > 2 * REACH // BIN)
        for first, last in zip(np.r_[0, breaks + 1], np.r_[breaks, len(centres) - 1], strict=True):
            yield name, max(int(centres[first]) - REACH // BIN, 0), int(centres[last]) + REACH // BIN


def write_bigwig(genes: GeneRecords, out: Path, rng: np.random.Generator) -> None:
    """Write one track: 25 bp bins of random signal around the genes."""
    track = pyBigWig.open(str(out), "w")
    track.addHeader(list(LENGTHS.items()), maxZooms=0)
    for name, first, last in regions(genes):
        signal = np.round(rng.gamma(0.7, 4.0, size=last - first), 2)
        track.addEntries(name, first * BIN, values=signal, span=BIN, step=BIN)
    track.close()


def write_samples(count: int, folder: Path, rng: np.random.Generator) -> list[str]:
    """Write the sample and donor tables; return the sample IDs."""
    donors = [f"GTEX-{number:05d}" for number in range(min(DONORS, count))]
    tissues = [f"Tissue {number:02d}" for number in range(min(TISSUES, count))]
    owner = np.concatenate([np.arange(len(donors)), rng.integers(len(donors), size=count - len(donors))])
    ids = [f"{donors[donor]}-{number:05d}-SM-X" for number, donor in enumerate(owner.tolist())]
    with open(folder / "attributes.txt", "w", encoding="utf-8") as handle:
        handle.write("SAMPID\tSMTSD\tSMAFRZE\n")
        handle.writelines(f"{name}\t{tissues[number % len(tissues)]}\tRNASEQ\n" for number, name in enumerate(ids))
    with open(folder / "phenotypes.txt", "w", encoding="utf-8") as handle:
        handle.write("SUBJID\tSEX\tAGE\tDTHHRDY\n")
        handle.writelines(f"{donor}\t1\t50-59\t1\n" for donor in donors)
    return ids


def write_lambert(genes: GeneRecords, count: int, out: Path, rng: np.random.Generator) -> None:
    """Write a list of regulators: the genes with JASPAR names, and others up to `count`."""
    named = ~np.char.startswith(genes.gene_name, "SIM")
    others = rng.permutation(np.flatnonzero(~named & (genes.gene_type == PROTEIN_CODING)))
    rows = np.concatenate([np.flatnonzero(named), others])[:count]
    with open(out, "w", encoding="utf-8") as handle:
        handle.write(",Ensembl ID,HGNC symbol,DBD,Is TF?\n")
        for number, row in enumerate(rows.tolist()):
            handle.write(f"{number},{genes.gene_id[row].partition('.')[0]},{genes.gene_name[row]},C2H2 ZF,Yes\n")


def main() -> None:
    """Write all files and `config.yaml`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where to write")
    parser.add_argument("--gtf", type=Path, help="a GENCODE v26 GTF; default: genes are drawn")
    parser.add_argument("--lambert", type=Path, help="Lambert's list; default: regulators are drawn")
    parser.add_argument("--genes", type=float, default=1.0, help="share of the genes to make, default 1")
    parser.add_argument("--samples", type=float, default=1.0, help="share of the samples to make, default 1")
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    folder: Path = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(options.seed)

    genes = read_gene_records(options.gtf) if options.gtf else draw_genes(round(58_219 * options.genes), rng)
    gtf = options.gtf.resolve() if options.gtf else folder / "genes.gtf.gz"
    if options.gtf:
        genes = genes.take(rng.random(len(genes)) < options.genes)
    if not options.gtf or options.genes < 1:
        gtf = folder / "genes.gtf.gz"
        write_gtf(genes, gtf)
    lambert = options.lambert.resolve() if options.lambert else folder / "lambert.csv"
    if not options.lambert:
        write_lambert(genes, round(REGULATORS * options.genes), lambert, rng)

    # GTEx leaves out some genes of GENCODE, none of them protein-coding.
    coding = genes.gene_type == PROTEIN_CODING
    spare = np.flatnonzero(~coding)
    left_out = rng.choice(spare, size=max(0, len(genes) - round(ROWS * options.genes)), replace=False)
    in_gct = np.setdiff1d(np.arange(len(genes)), left_out)
    sample_ids = write_samples(round(SAMPLES * options.samples), folder, rng)
    write_gct(genes.gene_id[in_gct].tolist(), sample_ids, folder / "tpm.gct.gz", rng)
    write_fasta(folder / "genome.fa.gz", rng)
    sources = {
        "annotation": gtf,
        "regulators": lambert,
        "genome": folder / "genome.fa.gz",
        "expression": folder / "tpm.gct.gz",
        "samples": folder / "attributes.txt",
        "donors": folder / "phenotypes.txt",
    }
    tracks = [(mark, cell) for mark in MARKS for cell in CELLS]
    for mark, cell in progress(tracks, total=len(tracks), what="bigWigs", unit="files"):
        out = sources[f"histone_{mark}_{cell}"] = folder / f"{mark}_{cell}.bigWig"
        write_bigwig(genes.take(coding), out, rng)
    lines = [f"results: {folder / 'results'}", "edition: release", "runs: config/runs.tsv", "sources:"]
    lines += [f"  {key}: {path}" for key, path in sources.items()]
    (folder / "config.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    size = sum(path.stat().st_size for path in sources.values())
    print(f"{folder}/config.yaml: {len(sources)} sources, {size / 1e9:.1f} GB", file=sys.stderr)


if __name__ == "__main__":
    main()
