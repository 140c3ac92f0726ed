"""`tr300m ism`, with the planted truth in the place of a run."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyBigWig  # type: ignore[import-not-found, import-untyped, unused-ignore]
import pytest
from click.testing import CliRunner
from helpers.planted_dataset import CONFIG, planted_dataset
from tr300m.cli import main
from tr300m.use.planted_model import planted_predictor
from tr300m.use.predictor import Predictor

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    dataset, truth = planted_dataset()
    predictor = planted_predictor(truth, dataset, CONFIG)
    monkeypatch.setattr(Predictor, "open", lambda *_: predictor)

    def call(*arguments: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["ism", "planted", str(dataset.folder), *arguments])
        return done.exit_code, done.output

    return call


def gene() -> str:
    return str(planted_dataset().dataset.genes.gene_name[12])


def test_formats(run: Run, tmp_path: Path) -> None:
    here = ("--gene", gene(), "--tissue", "Liver", "--region", "-30:10")
    for suffix in (".tsv", ".npz", ".bw", ".png", ".svg"):
        code, output = run(*here, "--out", str(tmp_path / f"ism{suffix}"))
        assert code == 0, output
    lines = (tmp_path / "ism.tsv").read_text().splitlines()
    notes = [line for line in lines if line.startswith("#")]
    assert "planted" in notes[1]
    assert lines[len(notes)].split("\t")[:3] == ["gene", "context", "tss_dist"]
    assert len(lines) == len(notes) + 1 + 40 * 4
    assert all(line.endswith("\t\t") for line in lines[len(notes) + 1 :])
    with np.load(tmp_path / "ism.npz") as file:
        assert file["log2fc"].shape == (1, 40, 4)
        assert file["tss_dist"].tolist() == list(range(-30, 10))
        importance, positions = file["importance"][0], file["pos"]
        chromosome = str(file["chrom"])
    with pyBigWig.open(str(tmp_path / "ism.bw")) as track:
        found = [track.values(chromosome, int(position) - 1, int(position))[0] for position in positions]
    np.testing.assert_allclose(found, importance, atol=1e-6)
    assert (tmp_path / "ism.png").read_bytes()[:4] == b"\x89PNG"


def test_several_contexts(run: Run, tmp_path: Path) -> None:
    code, output = run("--gene", gene(), "--tissue", "all", "--region", "-140:10", "--out", str(tmp_path / "ism.svg"))
    assert code == 0, output
    assert "Liver" in (tmp_path / "ism.svg").read_text() or (tmp_path / "ism.svg").stat().st_size > 10_000


def test_own_sequences(run: Run, tmp_path: Path) -> None:
    bases = "".join(np.random.default_rng(1).choice(list("ACGU"), 3000))
    (tmp_path / "own.fa").write_text(f">mine tss=2900\n{bases}\n")
    own = ("--fasta", str(tmp_path / "own.fa"), "--tissue", "Liver", "--region", "-20:10")
    code, output = run(*own)
    assert code == 0 and "mine\tLiver\t-20" in output
    code, output = run(*own, "--out", str(tmp_path / "own.bw"))
    assert code == 1 and "own.bw" in output


def test_one_record_is_wanted(run: Run, tmp_path: Path) -> None:
    (tmp_path / "two.fa").write_text(">a tss=3\nACGTACGT\n>b tss=3\nACGTACGT\n")
    code, output = run("--fasta", str(tmp_path / "two.fa"), "--tissue", "Liver")
    assert code == 1 and "two.fa" in output and "2" in output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--gene", "NOGENE", "--tissue", "Liver"), "NOGENE"),
        (("--tissue", "Liver"), "--fasta"),
        (("--gene", "GENE", "--tissue", "Livr"), "Liver"),
        (("--gene", "GENE"), "--tissue"),
        (("--gene", "GENE", "--tissue", "Liver", "--region", "-9000:50"), "-9000"),
        (("--gene", "GENE", "--tissue", "Liver", "--block", "40"), "40"),
        (("--gene", "GENE", "--tissue", "Liver", "--out", "a.vcf"), ".npz"),
        (("--gene", "GENE", "--tissue", "all", "--out", "a.bw"), "8"),
    ],
)
def test_bad_input(run: Run, arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    given = [gene() if word == "GENE" else word for word in arguments]
    given = [str(tmp_path / word) if word.startswith("a.") else word for word in given]
    code, output = run(*given)
    assert code == 1
    assert said in output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("region", ["x", "5", "1:2:3", "-500:0.5"])
def test_a_region_is_two_whole_numbers(run: Run, region: str) -> None:
    code, output = run("--gene", gene(), "--tissue", "Liver", "--region", region)
    assert code == 2 and region in output and "-500:50" in output
