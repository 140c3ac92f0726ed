"""Packs: what they predict, what is in them, what is refused."""

# isort: off
from tr300m.model import devices  # noqa: F401 (sets the backend)

# isort: on
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from helpers.fixtures import Refuses
from helpers.toy_run import SPLIT, train_toy, write_toy
from tr300m.cli import main
from tr300m.dataset.dataset import Dataset
from tr300m.use.pack import cards_of, write_pack
from tr300m.use.predictions import prediction_table
from tr300m.use.predictor import Predictor

CARDS = {"seed3": "# Model card: seed3\n", "seed4": "# Model card: seed4\n"}
OWN = ">one tss=30\n" + "ACGT" * 20 + "\n>two tss=3\nGGGCA\n"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of an architecture that reads all but distances, their split and their dataset."""
    folder = tmp_path_factory.mktemp("results")
    dataset = write_toy(folder / "dataset")
    SPLIT.write(folder / "splits" / "thesis.tsv", dataset.genes, dataset.samples)
    for seed in (3, 4):
        train_toy(dataset, "seq_tf_core_hm", folder / "runs" / f"seed{seed}", seed=seed)
        record = json.loads((folder / "runs" / f"seed{seed}" / "run.json").read_text())
        (folder / "runs" / f"seed{seed}" / "run.json").write_text(json.dumps(record | {"split": "thesis"}))
    return folder


def runs(results: Path) -> list[Path]:
    return [results / "runs" / "seed3", results / "runs" / "seed4"]


@pytest.fixture(scope="module")
def pack(results: Path) -> Path:
    out = results / "both.tr300m"
    write_pack(Predictor.open(runs(results), results / "dataset"), runs(results), CARDS, out)
    return out


def test_a_pack_predicts_what_its_runs_predict(results: Path, pack: Path, tmp_path: Path) -> None:
    fasta = tmp_path / "own.fa"
    fasta.write_text(OWN)
    tables = []
    for predictor in (Predictor.open(runs(results), results / "dataset"), Predictor.open_pack(pack)):
        tables.append(prediction_table(predictor, predictor.fasta(fasta), predictor.tissues("all")))
    first, second = tables
    assert first == second
    assert len(first["run"]) == 2 * 3 * len(set(first["tissue"]))
    assert len({round(value, 6) for value in first["mean"]}) > 4


def test_the_same_runs_give_the_same_bytes(results: Path, pack: Path, tmp_path: Path) -> None:
    write_pack(Predictor.open(runs(results), results / "dataset"), runs(results), CARDS, tmp_path / "again.tr300m")
    assert (tmp_path / "again.tr300m").read_bytes() == pack.read_bytes()


def test_no_expression_sample_or_path_is_in_it(results: Path, pack: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(pack) as archive:
        archive.extractall(tmp_path)
    dataset, small = Dataset.open(results / "dataset"), Dataset.open(tmp_path / "dataset")
    assert not small.expression.any()
    assert (len(small.genes), small.samples.sample_id.tolist()) == (1, small.samples.tissue.tolist())
    assert len(small.donors) == 0
    np.testing.assert_array_equal(small.onehot, np.full(small.onehot.shape, 0.25))
    train = SPLIT.training_axes(len(dataset.genes), len(dataset.samples))[0]
    np.testing.assert_allclose(small.histones[0], np.asarray(dataset.histones)[train].mean(axis=0), rtol=1e-6)
    assert all("path" not in record for record in small.manifest["sources"].values())


def test_the_cards_of_its_runs_are_in_it(results: Path, pack: Path, tmp_path: Path) -> None:
    assert cards_of(pack) == list(CARDS.values())
    one = tmp_path / "one.tr300m"
    place = [str(runs(results)[0]), str(results / "dataset")]
    done = CliRunner().invoke(main, ["pack", *place, "--out", str(one)])
    assert done.exit_code == 0, done.output
    packed, of_run = CliRunner().invoke(main, ["card", str(one)]), CliRunner().invoke(main, ["card", *place])
    assert packed.output == of_run.output
    assert "Model card" in packed.output and str(tmp_path) not in packed.output
    refused = CliRunner().invoke(main, ["card", place[0]])
    assert refused.exit_code != 0


def test_refusals(results: Path, refuses: Refuses, tmp_path: Path) -> None:
    twice = [runs(results)[0]] * 2
    with refuses("seed3"):
        write_pack(Predictor.open(twice, results / "dataset"), twice, CARDS, tmp_path / "x.tr300m")
    (tmp_path / "y.tr300m").write_text("no archive")
    with zipfile.ZipFile(tmp_path / "z.tr300m", "w") as archive:
        archive.writestr("readme", "nothing")
    for name in ("x", "y", "z"):
        with refuses(f"{name}.tr300m"):
            Predictor.open_pack(tmp_path / f"{name}.tr300m")


def test_runs_of_two_splits_and_controls_are_refused(results: Path, refuses: Refuses, tmp_path: Path) -> None:
    for name, changed in (("other", {"split": "donor"}), ("permuted", {"control": "permute_levels"})):
        folder = tmp_path / name
        folder.mkdir()
        record = json.loads((runs(results)[0] / "run.json").read_text())
        (folder / "run.json").write_text(json.dumps(record | changed))
    with refuses("donor", "thesis"):
        Predictor.open([runs(results)[0], tmp_path / "other"], results / "dataset")
    with refuses("permuted", "permute_levels"):
        Predictor.open(tmp_path / "permuted", results / "dataset")
    with refuses("none", "run.json"):
        Predictor.open(tmp_path / "none", results / "dataset")


def test_bases_and_regulators_of_a_pack_are_those_of_its_runs(results: Path, pack: Path, tmp_path: Path) -> None:
    fasta = tmp_path / "own.fa"
    # Not a repeat, whose shuffled copies would be itself.
    fasta.write_text(f">one tss=30\n{''.join(np.random.default_rng(4).choice(list('ACGT'), 90))}\n")
    joined = ",".join(map(str, runs(results)))
    for verb, more in (("ism", ["--region", "1:31"]), ("regulators", [])):
        common = ["--fasta", str(fasta), "--tissue", "all", *more, "--out"]
        for place, out in (([joined, str(results / "dataset")], "a.tsv"), ([str(pack)], "b.tsv")):
            done = CliRunner().invoke(main, [verb, *place, *common, str(tmp_path / out)])
            assert done.exit_code == 0, done.output
        first, second = (
            [line for line in (tmp_path / out).read_text().splitlines() if not line.startswith("#")]
            for out in ("a.tsv", "b.tsv")
        )
        assert first == second
        assert len(first) > 10
