"""In-silico mutagenesis: exact zeros, strands, files, and planted sites."""

from pathlib import Path

import numpy as np
import pyBigWig  # type: ignore[import-not-found, import-untyped, unused-ignore]
import pytest
from helpers.fixtures import Refuses
from helpers.planted_dataset import CONFIG, planted_dataset
from tr300m.arrays.write_bigwig import write_bigwig
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.tss_index import tss_index
from tr300m.simulate.driver_motifs import site_scores
from tr300m.use.contexts import Contexts, in_contexts
from tr300m.use.fold_changes import over_runs
from tr300m.use.motif_sites import best_sites, named_sites
from tr300m.use.mutagenesis import BLOCK_STEP, EDITS_PER_CALL, block_starts, ism
from tr300m.use.mutagenesis_table import mutagenesis_columns
from tr300m.use.planted_model import PlantedModel


@pytest.fixture(scope="module")
def model() -> PlantedModel:
    dataset, truth = planted_dataset()
    return PlantedModel.read(truth, dataset, CONFIG, sequence_opens=False)


def levels_of(model: PlantedModel, dataset: Dataset, driver: int, level: float) -> Contexts:
    """A context in which one driver is `level` standard deviations above its mean, and all others are at theirs."""
    contexts = Contexts.of_samples(dataset, dataset.samples.sample_id[:1].tolist())
    levels = contexts.levels.copy()
    standard = np.where(np.arange(len(model.drivers)) == driver, level, 0.0)
    levels[:, model.columns] = np.expm1(model.level_mean + standard * model.level_spread)
    return contexts.changed(levels)


def test_the_reference_column_is_zero_and_batches_change_nothing(
    model: PlantedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, _ = planted_dataset()
    query = in_contexts(dataset, Contexts.of_samples(dataset, dataset.samples.sample_id[[0, 9]].tolist()))
    found = ism(model, query, 2, (-60, 20), block=7)
    assert found.single.mean.shape == (2, 80, 4)
    assert (found.single.mean[:, found.sequence == 1] == 0).all()
    assert np.isnan(found.single.sd).all() and np.isnan(found.block.agree).all()
    assert np.abs(found.single.mean).max() > 0
    monkeypatch.setattr("tr300m.use.mutagenesis.EDITS_PER_CALL", 7)
    assert EDITS_PER_CALL != 7
    again = ism([model, model], query, 2, (-60, 20), block=7)
    np.testing.assert_allclose(again.single.mean, found.single.mean, atol=1e-6)
    np.testing.assert_allclose(again.block.mean, found.block.mean, atol=1e-6)
    assert (again.single.sd == 0).all() and (again.single.agree == 1).all()


def test_numbers_are_those_of_single_edits(model: PlantedModel) -> None:
    dataset, _ = planted_dataset()
    query = in_contexts(dataset, Contexts.of_samples(dataset, dataset.samples.sample_id[:3].tolist()))
    found = ism(model, query, 7, (-500, 50))
    context, position, base = np.unravel_index(np.abs(found.single.mean).argmax(), found.single.mean.shape)
    window = np.asarray(query.onehot[7]).copy()
    window[position + tss_index(query.genes)[7] - 500] = np.eye(4)[base]
    scorer = model.at(query, 7)
    before, after = (model.mean(scorer(one[None]))[0, context] for one in (np.asarray(query.onehot[7]), window))
    assert found.single.mean[context, position, base] == pytest.approx(np.log2((after + 1) / (before + 1)))
    assert found.importance[context, position] == pytest.approx(-found.single.mean[context, position].sum() / 3)


def test_one_planted_site_has_the_importance(model: PlantedModel) -> None:
    """Where one site dominates, 99 % lies in it; without a hit there is almost none."""
    dataset, _ = planted_dataset()
    checked, region = 0, (-250, 50)
    plain = in_contexts(dataset, levels_of(model, dataset, 0, 0.0))
    promoters = [model.at(plain, row) for row in range(len(dataset.genes))]
    for driver, profile in enumerate(model.profiles):
        query = in_contexts(dataset, levels_of(model, dataset, driver, 1.5))
        width, sums = len(profile.scores), []
        for row, at in enumerate(promoters):
            scores, hit = at.scores[driver], at.hits(at.codes[None])[0, driver]
            place = int(scores.argmax())
            rest = np.delete(scores, np.arange(max(place - width, 0), min(place + width, len(scores)))).max()
            second = float(at.acts * (rest - model.half_hit[driver]) / model.score_spread[driver])
            start, expressed = place - tss_index(query.genes)[row], np.expm1(at.reference[0])
            if not (-240 <= start <= 30 - width and expressed > 1):
                continue
            if hit > 0.98 and second < -1 and not sums:
                size = np.abs(ism(model, query, row, region).importance[0])
                inside = size[250 + start : 250 + start + width].sum()
                assert inside >= 0.99 * size.sum()
                sums.append(inside)
            elif hit < 1e-3 and sums:
                assert np.abs(ism(model, query, row, region).importance).sum() < 0.01 * max(sums)
                checked += 1
                break
        if checked == 2:
            return
    pytest.fail("no two drivers have such promoters")


def test_unknown_bases_and_what_lies_outside() -> None:
    dataset, truth = planted_dataset()
    model = PlantedModel.read(truth, dataset, CONFIG)
    onehot = np.asarray(dataset.onehot)
    outside = int(np.flatnonzero((onehot == 0).all(axis=2).any(axis=1))[0])
    place = int(np.flatnonzero((onehot[outside] == 0).all(axis=1))[0])
    query = in_contexts(dataset, Contexts.of_samples(dataset, dataset.samples.sample_id[:1].tolist()))
    index = int(tss_index(query.genes)[outside])
    near = min(max(place - 10, 0), onehot.shape[1] - 20)
    found = ism(model, query, outside, (near - index, near + 20 - index))
    gone = (found.sequence == 0).all(axis=1)
    assert gone.any() and np.isnan(found.single.mean[0, gone]).all() and np.isfinite(found.single.mean[0, ~gone]).all()
    assert found.bases[int(np.flatnonzero(gone)[0])] == "N"
    assert np.isfinite(found.importance).all()


def test_rows_stand_on_the_genome(model: PlantedModel) -> None:
    dataset, _ = planted_dataset()
    query = in_contexts(dataset, Contexts.of_samples(dataset, dataset.samples.sample_id[:2].tolist()))
    for strand in "+-":
        row = int(np.flatnonzero(dataset.genes.strand == strand)[3])
        columns = mutagenesis_columns(ism(model, query, row, (-8, 5)))
        assert len(columns["pos"]) == 2 * 13 * 4
        step = 1 if strand == "+" else -1
        assert columns["pos"] == [dataset.genes.tss[row] + step * far for far in columns["tss_dist"]]
        assert all(ref != alt for ref, alt in zip(columns["ref"], columns["alt"], strict=True))


def test_a_bigwig_holds_the_importance(model: PlantedModel, tmp_path: Path) -> None:
    dataset, _ = planted_dataset()
    query = in_contexts(dataset, Contexts.of_samples(dataset, dataset.samples.sample_id[:1].tolist()))
    row = int(np.flatnonzero(dataset.genes.strand == "-")[2])
    found = ism(model, query, row, (-40, 10))
    write_bigwig(tmp_path / "a.bw", {"chr1": 10, found.chromosome: 10_000_000}, found.chromosome, found.genome_position,
                 found.importance[0])  # fmt: skip
    with pyBigWig.open(str(tmp_path / "a.bw")) as track:
        tss = int(dataset.genes.tss[row])
        values = track.values(found.chromosome, tss - 10, tss + 40, numpy=True)
    np.testing.assert_allclose(values[::-1], found.importance[0], atol=1e-6)


def test_named_sites_are_the_planted_ones(model: PlantedModel) -> None:
    dataset, _ = planted_dataset()
    driver = 3
    query = in_contexts(dataset, levels_of(model, dataset, driver, 1.5))
    for row in range(len(dataset.genes)):
        at = model.at(query, row)
        place = int(at.scores[driver].argmax())
        start = place - tss_index(query.genes)[row]
        if at.hits(at.codes[None])[0, driver] > 0.98 and -480 <= start <= 20:
            found = ism(model, query, row)
            if not np.abs(found.importance).max() > 0.1:
                continue
            sites = named_sites(found.window, dataset.pssm, dataset.motifs, found.importance[0], found.first)
            assert (sites[0].name, sites[0].start) == (model.drivers[driver], 500 + start)
            return
    pytest.fail("no promoter has such a site")


def test_best_sites_are_those_of_a_plain_scan(model: PlantedModel) -> None:
    dataset, _ = planted_dataset()
    window = np.asarray(dataset.onehot[10])
    codes = np.where((window == 1).any(axis=1), window.argmax(axis=1), 4).astype(np.uint8)
    sites = best_sites(window, dataset.pssm)
    for number, profile in enumerate(model.profiles):
        forward = site_scores(codes[None], profile)[0]
        back = site_scores(np.where(codes < 4, 3 - codes, 4).astype(np.uint8)[None, ::-1], profile)[0]
        assert sites.score[number] == pytest.approx(max(forward.max(), back.max()), abs=1e-3)
        if sites.forward[number]:
            assert (sites.start[number], sites.end[number] - sites.start[number]) == (
                forward.argmax(),
                len(profile.scores),
            )
        else:
            assert len(window) - sites.end[number] == back.argmax()


def test_averages_over_runs() -> None:
    one, two = np.array([1.0, -1.0, 0.0]), np.array([3.0, 2.0, 0.0])
    found = over_runs([one, two])
    np.testing.assert_allclose(found.mean, [2, 0.5, 0])
    np.testing.assert_allclose(found.sd, [np.sqrt(2), np.sqrt(4.5), 0])
    np.testing.assert_allclose(found.agree, [1, 0.5, 1])


def test_blocks_cover_the_region() -> None:
    starts = block_starts(100, 131, 10)
    assert starts[0] == 100 and starts[-1] == 121 and (np.diff(starts) <= BLOCK_STEP).all()


def test_bad_region(model: PlantedModel, refuses: Refuses) -> None:
    dataset, _ = planted_dataset()
    query = in_contexts(dataset, Contexts.of_samples(dataset, dataset.samples.sample_id[:1].tolist()))
    for region in ((-5000, 50), (-10, 500), (10, 10), (20, -20)):
        with refuses(str(dataset.genes.gene_name[0]), "-2772"):
            ism(model, query, 0, region)
    with refuses("30", "7", "20"):
        ism(model, query, 0, block=30)
    with refuses("10", "5"):
        ism(model, query, 0, (0, 5))
