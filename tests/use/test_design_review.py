"""What is said of a design: gains by runs and judges, random edits, sites, neighbours; files of the commands."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from helpers.counted_model import CountedModel, Site, counted_predictor, with_tss_inside
from helpers.fixtures import Refuses
from helpers.toy_dataset import Sizes, draw, write_dataset
from tr300m.base.files import read_tsv
from tr300m.cli import main
from tr300m.dataset.dataset import Dataset
from tr300m.dataset.splits import Split
from tr300m.results.report.design_page import design_page, write_design
from tr300m.use.design import Rules, design, repaired
from tr300m.use.design_constraints import Constraints, forbidden_sites
from tr300m.use.design_moves import consensus_bases
from tr300m.use.design_objective import Objective
from tr300m.use.design_review import Review, motif_changes, nearest_promoters, open_judges, random_designs, review
from tr300m.use.design_template import Template, changed_places, design_contexts
from tr300m.use.predictor import Predictor
from tr300m.use.promoters import read_records

SITES = (Site("TGACGTCA", 0, 0.3), Site("CACGTG", 1, 0.2))
MODEL = CountedModel(SITES, base=2.0, name="guide")
SIZES = Sizes(samples=8, length=80, regulators=3, motif_width=9)
OPPOSITE = CountedModel(tuple(site._replace(weight=-site.weight) for site in SITES), base=2.0, name="opposite")
FLAT = CountedModel((), base=2.0, name="flat")
DRAWN = draw(SIZES)
# Much of R0 in T0 alone.
LEVELS = np.array([[15, 3, 1] if tissue == "T0" else [1, 3, 1] for tissue in DRAWN["samples"].tissue], np.float32)


def reviewed(*judges: CountedModel, model: CountedModel = MODEL, constraints: Constraints | None = None) -> Review:
    run = counted_predictor(model, sizes=SIZES, regulator_levels=LEVELS)
    start = Template.of_gene(run, "G2")
    objective = Objective(run.models, start, design_contexts(run, "T0", ("T1",)))
    rules = Rules(start.editable(None), 6, constraints or Constraints())
    return review(run, objective, rules, repaired(start, rules), design(objective, rules), judges)


def test_gains_of_the_search_and_of_judges_stand_side_by_side() -> None:
    found = reviewed(MODEL, OPPOSITE, FLAT)
    guide, same, opposite, flat = found.gains
    assert [gain.role for gain in found.gains] == ["search", "judge", "judge", "judge"]
    assert guide.gain > 0.1 and guide.after == pytest.approx(found.draft.score)
    assert same[2:] == guide[2:]
    # A judge that believes the contrary, and one that knows nothing.
    assert opposite.gain < 0.05 and flat.gain == 0
    assert guide.random_mean < guide.gain and guide.random_share < 0.05
    assert flat.random_mean == flat.random_sd == 0 and flat.random_share == 1
    logs = np.log1p(found.means)
    assert logs[1, 0] - logs[1, 1] == pytest.approx(guide.after)


def test_each_edit_has_what_the_design_loses_without_it() -> None:
    found = reviewed()
    template, places = found.objective.template, changed_places(found.objective.template.bases, found.draft.bases)
    assert found.edits["position"] == [place - template.tss for place in places]
    genes = template.promoter.genes
    sign = 1 if genes.strand[0] == "+" else -1
    assert found.edits["genome_position"] == [genes.tss[0] + sign * position for position in found.edits["position"]]
    around = found.objective.at(template.bases)
    for row, place in enumerate(places):
        without = found.draft.bases[:place] + template.bases[place] + found.draft.bases[place + 1 :]
        lost = found.draft.score - float(around.scores([without])[0])
        assert found.edits["gain"][row] == pytest.approx(lost)
        assert lost >= 1e-3
        assert (found.edits["before"][row], found.edits["after"][row]) == (
            template.bases[place],
            found.draft.bases[place],
        )


def test_random_designs_have_as_many_edits_and_hold_the_constraints() -> None:
    run = counted_predictor(MODEL, sizes=SIZES, regulator_levels=LEVELS)
    start = Template.of_gene(run, "G3")
    constraints = Constraints(forbidden_sites(["CG"]))
    rules = Rules(start.editable(None), 12, constraints)
    mended = repaired(start, rules)
    count = len(changed_places(start.bases, mended.bases)) + 3
    found = random_designs(start, rules, mended, count, seed=1)
    assert len(set(found)) > 90
    for bases in found:
        assert len(changed_places(start.bases, bases)) == count
        assert rules.editable.issuperset(changed_places(start.bases, bases))
        assert not constraints.breaches(bases, *start.insert)
    assert found == random_designs(start, rules, mended, count, seed=1)
    assert random_designs(start, rules, mended, count - 3, seed=1) == []


def test_a_motif_that_is_written_is_gained_by_name_and_one_that_is_broken_lost() -> None:
    run = counted_predictor(MODEL, sizes=SIZES, regulator_levels=LEVELS)
    start = Template.of_gene(run, "G2")
    motif = int(np.argmax([len(consensus_bases(run.dataset.pssm[:, :, number])) for number in range(9)]))
    written = consensus_bases(run.dataset.pssm[:, :, motif])
    bases = start.bases[:30] + written + start.bases[30 + len(written) :]
    name = str(run.dataset.motifs.name[motif])

    def rows(columns: dict[str, list[Any]]) -> list[tuple[Any, ...]]:
        return [row[:4] for row in zip(*columns.values(), strict=True)]

    there = motif_changes(run.dataset, start, bases)
    assert ("gained", name, "+", 30 - start.tss) in rows(there)
    found = there["motif"].index(name)
    best = run.dataset.pssm[:, :, motif].max(axis=1).sum()
    assert max(there["score_after"]) >= there["score_after"][found] == pytest.approx(best, rel=1e-5)
    assert rows(motif_changes(run.dataset, start, start.bases)) == []


def test_the_nearest_promoter_is_the_start_until_another_is_nearer() -> None:
    run = counted_predictor(MODEL, sizes=SIZES, regulator_levels=LEVELS)
    start = Template.of_gene(run, "G4")
    first, *others = nearest_promoters(run, start, start.bases)
    assert first == ("G4", "validation", 1.0)
    assert len(others) == 2 and all(0 < other.identity < 0.6 for other in others)
    copied = Template.of_gene(run, "G5").bases
    assert nearest_promoters(run, start, copied)[0] == ("G5", "test", 1.0)


def test_a_judge_that_guides_the_search_is_refused(tmp_path: Path, refuses: Refuses) -> None:
    run = counted_predictor(MODEL, sizes=SIZES, regulator_levels=LEVELS)
    with refuses("guide"):
        open_judges(run, [tmp_path / "guide"], [tmp_path / "x" / ".." / "guide"], None)
    assert open_judges(run, [tmp_path / "guide"], [], None) == []


def test_the_page_refers_to_no_other_file_and_says_what_was_not_shown() -> None:
    judged, alone = reviewed(FLAT), reviewed()
    page = design_page(judged, ["# tr300m", "# runs: guide"])
    assert not re.findall(r"(?:src|href)=\"(?!data:)", page) and "data:image/png;base64," in page
    assert "flat" in page and "guide" in page and "--check" not in page
    assert "--check" in design_page(alone, [])
    marked = CountedModel(SITES, base=2.0, name="with_marks", reads_histones=True)
    assert "episome" in design_page(reviewed(model=marked), []) and "episome" not in page


def test_a_design_without_edits_says_so() -> None:
    found = reviewed(model=FLAT)
    assert found.edits["position"] == [] and found.draft.bases == found.objective.template.bases
    assert np.isnan(found.gains[0].random_mean)
    assert "the sequence is the start" in design_page(found, [])


@pytest.fixture
def predictor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Predictor:
    """Let commands open a counted model on a dataset in `tmp_path`."""
    given = {"genes": with_tss_inside(DRAWN["genes"], SIZES.length), "regulator_levels": LEVELS}
    write_dataset(tmp_path / "dataset", DRAWN | given)
    dataset = Dataset.open(tmp_path / "dataset")
    split = Split("thesis", np.array([4]), np.array([5]), np.array([3]), np.array([4]))
    models = {"guide": MODEL, "opposite": OPPOSITE}

    def opened(cls: type, runs: Any, dataset: Any, split_file: Any = None) -> Predictor:
        folders = [runs] if isinstance(runs, Path) else runs
        return Predictor(tuple(models[folder.name] for folder in folders), found.dataset, split)

    found = Predictor((MODEL,), dataset, split)
    monkeypatch.setattr(Predictor, "open", classmethod(opened))
    return found


def run_command(*arguments: object) -> Any:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_the_command_writes_a_design_that_can_be_read_again(tmp_path: Path, predictor: Predictor) -> None:
    out = tmp_path / "out"
    asked = ("design", "guide", tmp_path / "dataset", "--gene", "G2", "--target", "T0", "--off", "all")
    done = run_command(*asked, "--edits", 5, "--forbid", "BsaI", "--check", "opposite", "--out", out)
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in out.iterdir()) == [
        "contexts.tsv", "design.fa", "design.html", "edits.tsv", "gains.tsv", "motifs.tsv",
    ]  # fmt: skip
    edits, gains = read_tsv(out / "edits.tsv"), read_tsv(out / "gains.tsv")
    start = Template.of_gene(predictor, "G2")
    (record,) = read_records(out / "design.fa", 80, 0)
    assert record.tss == start.tss
    places = changed_places(start.bases, record.bases)
    assert [int(position) + start.tss for position in edits["position"]] == places and 0 < len(places) <= 5
    assert gains["run"].tolist() == ["guide", "opposite"] and float(gains["gain"][0]) > 0
    for name in ("edits.tsv", "gains.tsv", "contexts.tsv", "motifs.tsv"):
        assert (out / name).read_text().startswith("# tr300m ")


def test_a_designed_fasta_gives_the_same_window_again(tmp_path: Path) -> None:
    """Also where windows of the - strand lie one base off, as in the edition `release`."""
    run = counted_predictor(MODEL, sizes=SIZES, regulator_levels=LEVELS)
    genes = run.dataset.genes
    minus = (genes.strand == "-").astype(np.int64)
    moved = replace(genes, window_start=genes.window_start + minus, window_end=genes.window_end + minus)
    run = replace(run, dataset=replace(run.dataset, genes=moved))
    for gene in range(2, len(genes)):
        start = Template.of_gene(run, str(genes.gene_name[gene]))
        assert start.tss - start.anchor == minus[gene]
        objective = Objective(run.models, start, design_contexts(run, "T0", ()))
        rules = Rules(start.editable(None), 3)
        draft = design(objective, rules)
        found = review(run, objective, rules, repaired(start, rules), draft)
        write_design(found, tmp_path, [])
        again = Template.of_fasta(run, tmp_path / "design.fa")
        assert again.bases == draft.bases
        assert (again.promoter.onehot[0] == start.windows([draft.bases])[0]).all()


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        (("--gene", "G2", "--fasta", "x.fa"), ("--gene", "--fasta")),
        (("--gene", "G99"), ("G99",)),
        (("--gene", "G2", "--forbid", "BsaX1"), ("BsaX1", "BsaXI")),
        (("--gene", "G2", "--region", "5"), ("5",)),
        (("--gene", "G2", "--region=-900:0"), ("-900:0",)),
        (("--gene", "G2", "--gc", "0.6:0.4"), ("0.6:0.4",)),
        (("--gene", "G2", "--check", "guide"), ("guide",)),
        (("--gene", "G2", "--motif", "M99"), ("M99",)),
        (("--gene", "G2", "--off", "T0"), ("T0",)),
    ],
)
def test_bad_requests_write_nothing(
    tmp_path: Path, predictor: Predictor, extra: tuple[str, ...], words: tuple[str, ...]
) -> None:
    asked = ("design", "guide", tmp_path / "dataset", "--target", "T0", "--out", tmp_path / "out", *extra)
    done = run_command(*asked)
    assert done.exit_code != 0 and all(word in done.output for word in words), done.output
    assert not (tmp_path / "out").exists()


def test_the_command_perturbs(tmp_path: Path, predictor: Predictor) -> None:
    out = tmp_path / "knock.tsv"
    asked = ("perturb", "guide", tmp_path / "dataset", "--gene", "G2", "--tissue", "T0")
    done = run_command(*asked, "--set", "R0=0", "--scale", "R1=2", "--out", out)
    assert done.exit_code == 0, done.output
    found = read_tsv(out)
    assert found["regulator"].tolist() == ["R0,R1"] and found["level_after"][0].startswith("0,")
    top = run_command(*asked, "--top", 2)
    assert top.exit_code == 0 and [line.split("\t")[3] for line in top.stdout.splitlines()[1:]] == ["R0", "R1"]
    assert run_command(*asked, "--top", 2, "--set", "R0=0").exit_code == 1
    assert "R99" in run_command(*asked, "--set", "R99=0").output
