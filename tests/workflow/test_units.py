"""What a trained model divides its inputs by stays with it, whatever dataset it predicts on."""

# isort: off
from tr300m.model import devices  # noqa: F401 (sets the backend)

# isort: on
import dataclasses
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from helpers.fixtures import Refuses
from helpers.toy_run import SIZES, SPLIT, rewrite, train_toy, write_toy
from tr300m.base.files import read_json, write_json
from tr300m.cli import main
from tr300m.dataset.dataset import Dataset
from tr300m.evaluation.predict import predict
from tr300m.evaluation.regulator_perturbation import level_changes
from tr300m.training.run_record import reuse_run

KEYS = ("seq_tf_core_hm", "seq_tf_df")
PAIRS = np.concatenate([SPLIT.pairs("validation"), SPLIT.pairs("test")])
GENES = np.arange(SIZES.genes)
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return write_toy(tmp_path_factory.mktemp("dataset"))


@pytest.fixture(scope="module")
def larger(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Return a dataset of the same genes and as many others, whose signal and TSS make both means twice as large."""
    data = dataset.take_genes(np.concatenate([GENES, GENES]))
    more = np.repeat([1, 3], SIZES.genes)
    genes = dataclasses.replace(data.genes, tss=data.genes.tss * more)
    histones = data.histones * more[:, None, None].astype(np.float32)
    data = dataclasses.replace(data, genes=genes, histones=histones)
    return rewrite(data, tmp_path_factory.mktemp("larger"))


@pytest.fixture(scope="module", params=KEYS)
def run(request: pytest.FixtureRequest, dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run that was trained on the smaller dataset."""
    folder = tmp_path_factory.mktemp(request.param)
    train_toy(dataset, request.param, folder)
    return folder


def test_a_run_records_the_means_of_what_it_was_trained_on(dataset: Dataset, larger: Dataset, run: Path) -> None:
    assert larger.histone_mean == pytest.approx(2 * dataset.histone_mean, rel=1e-6)
    assert larger.tss_mean == 2 * dataset.tss_mean
    assert read_json(run / "run.json")["units"] == {
        "histone_mean": dataset.histone_mean,
        "tss_mean": dataset.tss_mean,
    }


def test_other_means_of_the_dataset_change_no_bit(dataset: Dataset, larger: Dataset, run: Path, tmp_path: Path) -> None:
    reuse_run(run, tmp_path, "reused", "permute_levels_at_evaluation")
    expected = predict(dataset, PAIRS, run)
    for folder in (run, tmp_path):
        found = predict(larger, PAIRS, folder)
        for name, values in expected.items():
            np.testing.assert_array_equal(found[name], values, err_msg=name)
    # In other units the same run predicts something else.
    record = read_json(run / "run.json")
    means = {"histone_mean": larger.histone_mean, "tss_mean": larger.tss_mean}
    write_json(tmp_path / "run.json", {**record, "units": means})
    assert not np.array_equal(predict(dataset, PAIRS, tmp_path)["raw"], expected["raw"])
    one, other = (predict(data, PAIRS, run, zero_own_level=True) for data in (dataset, larger))
    np.testing.assert_array_equal(one["raw"], other["raw"])


def test_nor_of_what_a_regulator_does(dataset: Dataset, larger: Dataset, run: Path) -> None:
    one, other = (level_changes(data, PAIRS, run)["change"] for data in (dataset, larger))
    np.testing.assert_array_equal(one, other)


def test_nor_of_what_the_command_prints(dataset: Dataset, larger: Dataset, run: Path) -> None:
    # By ID: each ID occurs twice in the larger dataset, and the first one is found.
    folder = larger.folder
    genes = dataclasses.replace(
        larger.genes,
        gene_id=np.concatenate([dataset.genes.gene_id, [f"X{row}" for row in GENES]]),
        gene_name=np.concatenate([dataset.genes.gene_name, [f"X{row}" for row in GENES]]),
    )
    renamed = rewrite(dataclasses.replace(larger, genes=genes), folder.with_name("renamed"))
    outputs = []
    for data in (dataset, renamed):
        split = data.folder.with_name(f"{data.folder.name}.tsv")
        SPLIT.write(split, data.genes, data.samples)
        arguments = ["--gene", "G0", "--gene", "G2", "--sample", "S1", "--split", str(split)]
        outputs.append(CliRunner().invoke(main, ["predict", str(run), str(data.folder), *arguments]))
    one, other = outputs
    assert (one.exit_code, other.exit_code) == (0, 0), one.output + other.output
    assert one.stdout == other.stdout
    assert len(one.stdout.splitlines()) == 3


def test_training_takes_the_means_of_its_own_dataset(larger: Dataset, tmp_path: Path) -> None:
    train_toy(larger, "seq_tf_hm", tmp_path)
    assert read_json(tmp_path / "run.json")["units"]["histone_mean"] == larger.histone_mean


def test_a_record_without_units_is_refused(dataset: Dataset, run: Path, tmp_path: Path, refuses: Refuses) -> None:
    reuse_run(run, tmp_path, "old", "none")
    record = read_json(tmp_path / "run.json")
    del record["units"]
    write_json(tmp_path / "run.json", record)
    with refuses("run.json", "units"):
        predict(dataset, PAIRS, tmp_path)


def test_a_dataset_whose_inputs_mean_something_else_is_refused(dataset: Dataset, run: Path, refuses: Refuses) -> None:
    """Other windows, or another order of tissues, regulators or motifs, by name."""
    order = np.roll(np.arange(SIZES.regulators), 1)
    motifs = np.roll(np.arange(SIZES.motifs), 1)
    others = {
        "tissues.tsv": dataclasses.replace(dataset, tissues=dataset.tissues[::-1]),
        "regulators.tsv": dataclasses.replace(dataset, regulators=dataset.regulators.take(order)),
        "pssm": dataclasses.replace(dataset, pssm=dataset.pssm[:, :, motifs]),
        "motif_map": dataclasses.replace(dataset, motif_map=dataset.motif_map[order]),
        "core": dataclasses.replace(dataset, core=dataset.core[:, :, ::-1]),
        "tracks.tsv": dataclasses.replace(dataset, tracks=dataset.tracks.take(np.arange(21)[::-1])),
    }
    root = dataset.folder.with_name("others")
    opened = {name: rewrite(data, root / name) for name, data in others.items()}
    opened["edition"] = rewrite(dataset, root / "edition", edition="corrected")
    for name, data in opened.items():
        with refuses(name, str(data.folder)):
            predict(data, PAIRS, run)
