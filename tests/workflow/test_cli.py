"""The command `tr300m` and the package's public surface, on a dataset folder made here."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tr300m
from click.testing import CliRunner, Result
from helpers.fixtures import says
from tr300m.arrays.manifest import build_manifest
from tr300m.base.array_files import save_array
from tr300m.base.axes import ARRAYS, RELEASE_TRACKS, Donors, Genes, Motifs, Regulators, Samples, Tracks
from tr300m.base.files import write_json, write_tsv
from tr300m.cli import main
from tr300m.dataset.splits import thesis_split
from tr300m.training.config import TrainingConfig
from tr300m.training.train import train

GENES, SAMPLES, REGULATORS, MOTIFS = 6, 5, 4, 3


def text(*values: str) -> Any:
    return np.array(values, dtype=np.str_)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small, valid dataset folder of random arrays."""
    out = tmp_path_factory.mktemp("dataset")
    chance = np.random.default_rng(0)
    numbers = np.arange(GENES, dtype=np.int64)
    ids = text(*(f"ENSG{i:011d}.{i + 1}" for i in range(GENES)))
    strand = text(*"+-+-+-")
    start = 10_000 * (numbers + 1)
    names = text("HNF4A", "B", "C", "D", "E", "E")
    empty = np.full(GENES, "", dtype=np.str_)
    chromosomes = text(*["chr1"] * 3 + ["chr2"] * 3)
    Genes(ids, names, chromosomes, strand, start, start - 2773, start + 50, empty, numbers).write(out / "genes.tsv")
    tissue = text("Liver", "Lung", "Liver", "Lung", "Lung")
    Samples(text(*(f"GTEX-{i}-S" for i in "12345")), text(*"AABBB"), tissue).write(out / "samples.tsv")
    Donors(text("A", "B"), text("1", "2"), text("60-69", "NA")).write(out / "donors.tsv")
    Regulators(ids[:4], names[:4], chromosomes[:4], strand[:4], start[:4]).write(out / "regulators.tsv")
    lengths = np.array([8, 9, 10])
    Motifs(text("M1.1", "M2.1", "M3.1"), names[:3], lengths, np.array([1.0, 2.5, 3.0])).write(out / "motifs.tsv")
    Motifs(text("C1"), text("TATA"), lengths[:1], np.ones(1)).write(out / "core_motifs.tsv")
    Tracks.of(RELEASE_TRACKS).write(out / "tracks.tsv")
    write_tsv(out / "tissues.tsv", {"tissue": ["Liver", "Lung"]})
    levels = chance.exponential(5, (SAMPLES, REGULATORS)).astype(np.float32)
    mapping = np.eye(REGULATORS, MOTIFS, dtype=np.uint8)
    arrays = {
        "onehot": np.eye(4, dtype=np.float16)[chance.integers(0, 4, (GENES, 2823))],
        "expression": chance.exponential(5, (GENES, SAMPLES)).astype(np.float32),
        "regulator_levels": levels,
        "motif_map": mapping,
        "tf_levels": levels @ mapping.astype(np.float32),
        "tissue": np.eye(2, dtype=np.uint8)[[0, 1, 0, 1, 1]],
        "histones": chance.exponential(1, (GENES, 2823, 21)).astype(np.float32),
        "pssm": chance.normal(size=(35, 4, MOTIFS)),
        "core": chance.normal(size=(19, 4, 1)),
    }
    assert arrays.keys() == ARRAYS.keys()
    for name, array in arrays.items():
        save_array(out / f"{name}.npy", array)
    source = {"genome": {"path": "x", "origin": "simulated", "sha256": "0" * 64}}
    write_json(
        out / "manifest.json", build_manifest(out, list(ARRAYS), ["genes.tsv"], source, {"edition": "release"}, "abc")
    )
    return out


@pytest.fixture(scope="module")
def run(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a model trained for two steps, with its split beside it as in the workflow."""
    results = tmp_path_factory.mktemp("results")
    out = results / "runs" / "toy"
    dataset = tr300m.Dataset.open(folder)
    network = tr300m.model.network.NetworkConfig(width=26, bottleneck=2, kernel_sizes=(3,), pool_blocks=(0,))
    split = thesis_split(GENES, SAMPLES, 2, 2, None)
    split.write(results / "splits" / "thesis.tsv", dataset.genes, dataset.samples)
    config = TrainingConfig(batch_size=4, epoch_steps=2, curve_pairs=2)
    train(dataset, split, "seq_tf_hm", "nb_exponential", network, config, seed=3, steps=2, out=out)
    return out


def call(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_help_has_examples() -> None:
    for command in ("describe", "pairs", "predict", "table"):
        assert f"    tr300m {command} " in call("--help").output
        assert f"    tr300m {command} " in call(command, "--help").output


def test_pairs_are_the_thesiss() -> None:
    assert call("pairs", "--count", 2).output == "7417\t15075\n10588\t4527\n"


def test_pairs_of_a_dataset_carry_ids(folder: Path) -> None:
    lines = call("pairs", "--dataset", folder, "--count", 3).output.splitlines()
    assert len(lines) == 3
    gene, sample, gene_id, sample_id = lines[0].split("\t")
    assert gene_id.startswith(f"ENSG{int(gene):011d}")
    assert sample_id == f"GTEX-{int(sample) + 1}-S"


def test_describe(folder: Path) -> None:
    output = call("describe", folder).output
    assert "6 genes, 5 samples, 4 regulators, 3 motifs, 2 tissues" in output
    assert "6 gene x 2,823 window x 21 track" in output
    assert "genome" in output


def test_describe_of_no_dataset_says_what_to_do(tmp_path: Path) -> None:
    result = call("describe", tmp_path)
    assert result.exit_code == 1
    assert says(result.output, str(tmp_path / "manifest.json"), "Hint: ")


def rows(result: Result) -> list[list[str]]:
    lines = [line.split("\t") for line in result.stdout.splitlines() if not line.startswith("#")]
    assert lines[0] == ["run", "gene", "part", "context", "tissue", "median", "mean", "q05", "q95", "observed"]
    return lines[1:]


def test_predict(folder: Path, run: Path) -> None:
    dataset = tr300m.Dataset.open(folder)
    split = thesis_split(GENES, SAMPLES, 2, 2, None)
    part = {row: name for name in ("validation", "test") for row in split.axes(name)[0]}  # type: ignore[arg-type]
    names = ("--gene", "HNF4A", "--gene", "ENSG00000000003")
    found = rows(call("predict", run, folder, *names, "--sample", "GTEX-1-S", "--sample", "GTEX-3-S"))
    assert [row[:5] for row in found] == [
        ["toy", gene, part.get(number, "training"), sample, "Liver"]
        for number, gene in ((0, "HNF4A"), (3, "D"))
        for sample in ("GTEX-1-S", "GTEX-3-S")
    ]
    observed = [float(row[9]) for row in found]
    np.testing.assert_allclose(observed, dataset.expression[[0, 0, 3, 3], [0, 2, 0, 2]], rtol=1e-3)
    numbers = np.array([[float(value) for value in row[5:9]] for row in found])
    assert (numbers[:, 2] <= numbers[:, 0]).all() and (numbers[:, 0] <= numbers[:, 3]).all()


def test_a_tissue_is_its_median_sample(folder: Path, run: Path) -> None:
    """The split holds out samples; the last one alone is a lung in training."""
    _, train = thesis_split(GENES, SAMPLES, 2, 2, None).training_axes(GENES, SAMPLES)
    assert train.tolist() == [0, 2, 4]
    (by_tissue,) = rows(call("predict", run, folder, "--gene", "B", "--tissue", "Lung"))
    (by_sample,) = rows(call("predict", run, folder, "--gene", "B", "--sample", "GTEX-5-S"))
    assert by_tissue[5:9] == by_sample[5:9]
    assert (by_tissue[3], by_tissue[9], by_sample[9] != "") == ("Lung", "", True)


def test_predict_averages_runs(folder: Path, run: Path, tmp_path: Path) -> None:
    """Twice the same run: the average is the run."""
    out = tmp_path / "found.tsv"
    call("predict", f"{run},{run}", folder, "--gene", "B", "--sample", "GTEX-1-S", "--out", out)
    text = out.read_text()
    head = [line for line in text.splitlines() if line.startswith("#")]
    assert says("\n".join(head), tr300m.__version__, "toy, toy", "thesis", str(folder), "--sample GTEX-1-S")
    table = [line.split("\t") for line in text.splitlines() if not line.startswith("#")][1:]
    assert [row[0] for row in table] == ["toy", "toy", "all"]
    assert table[0][1:] == table[1][1:] == table[2][1:]


def test_predict_with_an_own_sequence(folder: Path, run: Path, tmp_path: Path) -> None:
    dataset = tr300m.Dataset.open(folder)
    own = "".join("ACGT"[base] for base in np.argmax(dataset.onehot[0], axis=1))
    fasta = tmp_path / "own.fa"
    context = ("--sample", "GTEX-2-S")
    native = rows(call("predict", run, folder, "--gene", "HNF4A", "--histones", "mean", *context))
    fasta.write_text(f">mine the same\n{own[:1000]}\n{own[1000:].lower()}\n>long tss=2783\nACGTACGTAC{own}ACGT\n")
    found = rows(call("predict", run, folder, "--fasta", fasta, *context))
    assert [row[1:3] for row in found] == [["mine", ""], ["long", ""]]
    assert found[0][5:9] == found[1][5:9] == native[0][5:9]
    fasta.write_text(f">mine\n{'A' * 2823}\n")
    assert rows(call("predict", run, folder, "--fasta", fasta, *context))[0][5:9] != native[0][5:9]


@pytest.mark.parametrize(
    ("options", "parts"),
    [
        (["--gene", "NOSUCH", "--tissue", "Liver"], ["NOSUCH"]),
        (["--gene", "E", "--tissue", "Liver"], ["ENSG00000000004.5, ENSG00000000005.6"]),
        (["--gene", "B", "--tissue", "Heart"], ["'Heart'", "Liver, Lung"]),
        (["--gene", "B", "--sample", "GTEX-9-S"], ["GTEX-9-S"]),
        (["--gene", "B"], ["--tissue"]),
        (["--tissue", "Liver"], ["--gene", "--fasta"]),
        (["--gene", "B", "--tissue", "Liver", "--split", "none.tsv"], ["none.tsv"]),
    ],
)
def test_predict_refuses(folder: Path, run: Path, options: list[str], parts: list[str]) -> None:
    result = call("predict", run, folder, *options)
    assert result.exit_code == 1
    assert says(result.output, "Error: ", *parts)


def test_a_model_of_other_motifs_is_refused(folder: Path, run: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    dataset = tr300m.Dataset.open(folder)
    save_array(other / "pssm.npy", np.asarray(dataset.pssm)[:, :, ::-1])
    write_json(
        other / "manifest.json", build_manifest(other, list(ARRAYS), ["genes.tsv"], {}, {"edition": "release"}, "abc")
    )
    result = call("predict", run, other, "--gene", "B", "--tissue", "Lung")
    assert result.exit_code == 1
    assert says(result.output, "pssm", str(run), str(other))


def test_a_table_of_another_build_is_refused(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(folder, other)
    genes = Genes.read(other / "genes.tsv")
    genes.take(np.arange(GENES)[::-1]).write(other / "genes.tsv")
    result = call("describe", other)
    assert result.exit_code == 1
    assert "genes.tsv" in result.output


@pytest.mark.parametrize(("record", "parts"), [(">X tss=2\nA\n", ["X", "tss=2"]), (">X\nACGT\n", ["X", "4", "2,823"])])
def test_own_sequences_are_checked(folder: Path, run: Path, tmp_path: Path, record: str, parts: list[str]) -> None:
    fasta = tmp_path / "own.fa"
    fasta.write_text(record)
    result = call("predict", run, folder, "--sample", "GTEX-1-S", "--fasta", fasta)
    assert result.exit_code == 1
    assert says(result.output, "own.fa", *parts)


def test_table(tmp_path: Path) -> None:
    write_tsv(tmp_path / "t.tsv", {"Model Architecture": ["Seq"], "Pearson Correlation": ["3.2"]})
    assert "Seq" in call("table", tmp_path / "t.tsv").output


def test_first_columns_of_a_table(tmp_path: Path) -> None:
    """Intervals do not count, and stay below their values."""
    columns = {"Model": ["Seq"], "Score": ["3.2"], "Rank": ["7"], "Score, 95 % interval": ["1.1 to 4.5"]}
    write_tsv(tmp_path / "t.tsv", columns)
    shown = call("table", tmp_path / "t.tsv", "--first", "2").output
    assert says(shown, "Seq", "3.2", "1.1 to 4.5") and "7" not in shown
    assert call("table", tmp_path / "t.tsv", "--first", "0").exit_code == 2


def test_the_public_surface(folder: Path) -> None:
    from tr300m import Dataset, build_model, evaluate, thesis_split, training_pairs

    dataset = Dataset.open(folder)
    model = build_model("seq_tf_core_hm", dataset)
    raw = model.predict(
        {
            "sequence": dataset.onehot[:2].astype("float32"),
            "levels": dataset.tf_levels[:2],
            "tissue": dataset.tissue[:2].astype("float32"),
            "histones": dataset.histones[:2] / dataset.histone_mean,
        },
        verbose=0,
    )
    assert raw.shape == (2, 4)
    assert thesis_split().validation_genes[:2].tolist() == [19378, 14782]
    assert training_pairs(1, seed=3).tolist() == [[7417, 15075]]
    assert evaluate([1, 2, 3], [1, 2, 3], None, 2.0)["pearson"] == pytest.approx(1)
    assert list(dataset.motifs.to_pandas().columns) == ["matrix_id", "name", "length", "counts"]
    with pytest.raises(AttributeError, match="nothing"):
        tr300m.nothing  # noqa: B018


def test_importing_the_package_loads_no_keras() -> None:
    import subprocess
    import sys

    code = (
        "import sys; from tr300m import Dataset, thesis_split; sys.exit(bool({'keras', 'pandas'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
