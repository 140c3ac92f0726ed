"""Designs on a model whose best design can be found by trying all, and hard constraints under random settings."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from helpers.counted_model import CountedModel, Site, counted_predictor
from helpers.fixtures import Refuses
from helpers.toy_dataset import Sizes
from hypothesis import given, settings
from hypothesis import strategies as st
from tr300m.base.base_codes import base_codes
from tr300m.base.errors import TR300MError
from tr300m.dataset.tss_index import tss_index
from tr300m.use.contexts import Contexts
from tr300m.use.design import Rules, design, made_by, repaired
from tr300m.use.design_constraints import IUPAC_SETS, Checker, Constraints, forbidden_sites
from tr300m.use.design_moves import consensus_bases, motif_consensus
from tr300m.use.design_objective import Objective, with_window
from tr300m.use.design_template import Template, changed_places, design_contexts, letters

# R0 and R1 activate, R2 represses. The target has much of R0, the other context of R1.
SITES = (Site("TGACGTCA", 0, 0.3), Site("CACGTG", 1, 0.2), Site("GGGCGG", 2, -0.2))
MODEL = CountedModel(SITES, base=2.0)
# Sites so short that the budget of an exhaustive search writes a whole one.
SHORT = (Site("TGACG", 0, 0.3), Site("CACGT", 1, 0.2), Site("GGGCG", 2, -0.2))
GRADED = CountedModel(SHORT, base=2.0, grade=0.137)
SIZES = Sizes(samples=8, length=60, regulators=3)
TARGET = Contexts(("here",), ("",), np.array([[15, 1, 3]], np.float32))
BOTH = Contexts(("here", "there"), ("", ""), np.array([[15, 1, 3], [1, 7, 3]], np.float32))
FLAT = CountedModel((), base=2.0)


def template(seed: int = 0, gene: str = "G2") -> Template:
    run = counted_predictor(MODEL, sizes=SIZES, seed=seed)
    # Positions are indices.
    return replace(Template.of_gene(run, gene), tss=0)


def of_bases(bases: str) -> Template:
    """Return a template of these bases."""
    plain = template()
    window = np.array([[base == known for known in "ACGT"] for base in bases], np.float16)
    window[[base == "N" for base in bases]] = 0.25
    promoter = replace(plain.promoter, onehot=window[None])
    return replace(plain, bases=bases, insert=(0, len(bases)), promoter=promoter)


def score(objective: Objective, bases: str) -> float:
    return float(objective.at(objective.template.bases).scores([bases])[0])


def bound(objective: Objective, rules: Rules) -> float:
    """Return the best objective of all sequences within the budget."""
    origin = objective.template.bases
    options = []
    for count in range(rules.edits + 1):
        for places in combinations(sorted(rules.editable), count):
            for bases in product("ACGT", repeat=count):
                if all(base != origin[place] for place, base in zip(places, bases, strict=True)):
                    edited = list(origin)
                    for place, base in zip(places, bases, strict=True):
                        edited[place] = base
                    options.append("".join(edited))
    return float(objective.at(origin).scores(options).max())


@pytest.mark.parametrize("down", [False, True], ids=["up", "down"])
@pytest.mark.parametrize("contexts", [TARGET, BOTH], ids=["alone", "against"])
def test_a_design_comes_near_the_best_one(contexts: Contexts, down: bool) -> None:
    for seed in range(2):
        objective = Objective((GRADED,), template(seed), contexts, down)
        rules = Rules(frozenset(range(20, 30)), 4, motifs={str(site.regulator): site.bases for site in SHORT})
        start, best = score(objective, objective.template.bases), bound(objective, rules)
        assert best > start
        for beam in (1, 4):
            draft = design(objective, rules, beam)
            assert draft.score == pytest.approx(score(objective, draft.bases))
            assert 0.9 * (best - start) <= draft.score - start <= best - start + 1e-9


def test_down_lowers_and_up_raises_the_target() -> None:
    rules = Rules(frozenset(range(60)), edits=8)
    for down in (False, True):
        objective = Objective((MODEL,), template(), TARGET, down)
        draft = design(objective, rules)
        means = objective.at(objective.template.bases).means([objective.template.bases, draft.bases])[0, :, 0]
        assert means[1] < means[0] if down else means[1] > means[0]


def test_a_specific_design_widens_the_gap_to_the_nearest_context() -> None:
    """A wrong sign would raise the other context."""
    panel = BOTH.joined(Contexts(("third",), ("",), np.array([[4, 2, 9]], np.float32)))
    for down in (False, True):
        objective = Objective((MODEL,), template(), panel, down)
        draft = design(objective, Rules(frozenset(range(60)), edits=8))
        means = objective.at(draft.bases).means([objective.template.bases, draft.bases])[0]
        here, others = np.log1p(means[:, 0]), np.log1p(means[:, 1:])
        gap = others.min(axis=1) - here if down else here - others.max(axis=1)
        assert gap[1] > gap[0] + 0.1
        assert draft.score == pytest.approx(gap[1])


def test_the_search_stops_when_nothing_improves() -> None:
    # One site within the region, five of whose bases are there: three edits finish it.
    start = "A" * 20 + "TGACGAAA" + "A" * 20
    objective = Objective((CountedModel(SITES[:1]),), of_bases(start), TARGET)
    draft = design(objective, Rules(frozenset(range(20, 28)), edits=30), beam=2)
    assert draft.bases[20:28] == "TGACGTCA" and len(changed_places(start, draft.bases)) == 2
    flat = Objective((FLAT,), of_bases(start), TARGET)
    assert design(flat, Rules(frozenset(range(48)), edits=30)).bases == start


def test_a_motif_is_written_at_once_and_its_needless_bases_are_taken_back() -> None:
    """Single bases do not help before the site is nearly whole: what counts is the cube of its matches."""

    class Steep(CountedModel):
        def mean(self, raw: Any) -> Any:
            return np.where(raw[..., 0] > 7.9 * 0.3 * np.log(16), 100.0, 1.0)

    start = "A" * 60
    objective = Objective((Steep((Site("TGCCGTCC", 0, 0.3),), base=0.0),), of_bases(start), TARGET)
    editable = frozenset(range(60))
    assert design(objective, Rules(editable, edits=12)).bases == start
    draft = design(objective, Rules(editable, edits=12, motifs={"X": "GGTGCCGTCC"}))
    places = changed_places(start, draft.bases)
    assert "TGCCGTCC" in draft.bases and len(places) == 8
    assert {made_by(draft, place) for place in places} == {"X +"}
    # Too long for the budget.
    assert design(objective, Rules(editable, edits=7, motifs={"X": "GGTGCCGTCC"})).bases == start


def test_runs_are_averaged() -> None:
    other = CountedModel((Site("TTTTTT", 0, 0.1),), base=1.0, name="other")
    plain = template()
    both = Objective((MODEL, other), plain, BOTH)
    alone = [score(Objective((model,), plain, BOTH), plain.bases) for model in (MODEL, other)]
    assert score(both, plain.bases) == pytest.approx(np.mean(alone))


# Hard constraints ----------------------------------------------------------------------------------------------------


def reversed_complement(bases: str) -> str:
    return "".join({"A": "T", "C": "G", "G": "C", "T": "A", "N": "N"}[base] for base in reversed(bases))


def holds_site(bases: str, site: str) -> bool:
    """Say whether a sequence holds a site on either strand, one place at a time."""
    return any(
        all(base in IUPAC_SETS[code] for base, code in zip(strand[start:], site, strict=False))
        for strand in (bases, reversed_complement(bases))
        for start in range(len(strand) - len(site) + 1)
    )


def holds_repeat(bases: str, length: int) -> bool:
    words = [bases[start : start + length] for start in range(len(bases) - length + 1)]
    known = [min(word, reversed_complement(word)) for word in words if "N" not in word]
    return len(set(known)) < len(known)


def longest_run(bases: str) -> int:
    runs, last = [0], ""
    for base in bases:
        runs.append(runs[-1] + 1 if base == last and base != "N" else 1)
        last = base
    return max(runs)


def share_of_gc(bases: str) -> float:
    known = bases.replace("N", "")
    return sum(base in "GC" for base in known) / len(known)


SEQUENCES = st.text("ACGTN", min_size=60, max_size=60).filter(lambda bases: set(bases[10:50]) > {"N"})
CONSTRAINTS = st.fixed_dictionaries(
    {
        "texts": st.lists(st.sampled_from(["EcoRI", "BsaI", "TGA", "CACGTG", "RGCY", "GANTC", "TATA"]), max_size=2),
        "gc": st.sampled_from([(0.0, 1.0), (0.35, 0.65), (0.5, 0.52), (0.0, 0.4)]),
        "homopolymer": st.sampled_from([0, 2, 3, 5]),
        "repeat": st.sampled_from([0, 4, 6]),
    }
)


@settings(max_examples=60, deadline=None)
@given(
    bases=SEQUENCES,
    asked=CONSTRAINTS,
    edits=st.integers(1, 8),
    safe=st.sets(st.integers(0, 59), max_size=20),
    down=st.booleans(),
    beam=st.integers(1, 2),
)
def test_no_design_breaks_a_constraint(
    bases: str, asked: Mapping[str, Any], edits: int, safe: set[int], down: bool, beam: int
) -> None:
    constraints = Constraints(forbidden_sites(asked["texts"]), asked["gc"], asked["homopolymer"], asked["repeat"])
    editable = frozenset(place for place in range(10, 50) if bases[place] != "N") - safe or frozenset({10})
    motif = "TGATGTTA"
    whole = constraints.matches(motif, 0, 8) == constraints.repeats(motif, 0, 8) == []
    rules = Rules(editable, edits, constraints, {"X": motif} if whole else {})
    objective = Objective((MODEL,), of_bases(bases), BOTH, down)
    try:
        found = design(objective, rules, beam).bases
    except TR300MError:
        # Refused before any prediction, and only if the start itself breaks something.
        assert constraints.breaches(bases, 0, 60)
        return
    places = changed_places(bases, found)
    assert len(places) <= edits and editable.issuperset(places)
    for sites in constraints.sites.values():
        assert not any(holds_site(found, site) for site in sites)
    assert asked["gc"][0] - 1e-9 <= share_of_gc(found) <= asked["gc"][1] + 1e-9
    assert not asked["homopolymer"] or longest_run(found) <= asked["homopolymer"]
    assert not asked["repeat"] or not holds_repeat(found, asked["repeat"])


@settings(max_examples=100, deadline=None)
@given(
    bases=st.text("ACGTN", min_size=40, max_size=40),
    asked=CONSTRAINTS,
    start=st.integers(0, 34),
    new=st.text("ACGT", min_size=1, max_size=6),
)
def test_a_check_around_the_edit_equals_a_check_of_everything(
    bases: str, asked: Mapping[str, Any], start: int, new: str
) -> None:
    constraints = Constraints(forbidden_sites(asked["texts"]), asked["gc"], asked["homopolymer"], asked["repeat"])
    insert = (4, 40)
    whole = bases[:start] + new + bases[start + len(new) :]
    if not constraints.breaches(bases, *insert) and start >= insert[0]:
        assert Checker(constraints, bases, insert).allows(start, new) == (not constraints.breaches(whole, *insert))
    # The full check, against one place at a time.
    broken = {
        *(name for name, sites in constraints.sites.items() for site in sites if holds_site(bases, site)),
        *(["run"] if asked["homopolymer"] and longest_run(bases) > asked["homopolymer"] else []),
        *(["repeat"] if asked["repeat"] and holds_repeat(bases, asked["repeat"]) else []),
    }
    if bases.strip("N"):
        low, high = asked["gc"]
        broken |= set() if low - 1e-9 <= share_of_gc(bases) <= high + 1e-9 else {"GC"}
    assert bool(constraints.breaches(bases, 0, 40)) == bool(broken)


def test_what_breaks_a_constraint_is_never_predicted() -> None:
    """Neither single bases nor motifs."""
    seen: list[Any] = []

    class Watched(CountedModel):
        def at(self, query: Any, row: int) -> Any:
            scorer = super().at(query, row)

            def watched(windows: Any) -> Any:
                seen.extend(map(letters, windows))
                return scorer(windows)

            return watched

    constraints = Constraints(forbidden_sites(["HpyCH4IV", "GATC"]), (0.3, 0.6), 3)
    start = "TTGCATTGCAGTCTCATCATTAGGATGCTAACTGACATCATAGCATCTTAGCTAGGATGA"
    assert not constraints.breaches(start, 0, 60)
    rules = Rules(frozenset(range(60)), 6, constraints, {"X": "TGATGTCA"})
    found = design(Objective((Watched(SITES, base=2.0),), of_bases(start), BOTH), rules, 2)
    assert len(set(seen)) > 200 and found.bases in seen
    assert not any(constraints.breaches(bases, 0, 60) for bases in set(seen))


def test_enzymes_and_codes_are_understood() -> None:
    assert forbidden_sites(["BsaI,GGTCTC", " ecori "]) == {
        "BsaI": ("GGTCTC",),
        "GGTCTC": ("GGTCTC",),
        "EcoRI": ("GAATTC",),
    }
    constraints = Constraints(forbidden_sites(["BsaI"]))
    # GGTCTC on the other strand, and at the border of the insert.
    assert [breach[1:] for breach in constraints.breaches("AAAGAGACCAAA", 0, 12)] == [(3, 9)]
    assert constraints.breaches("AAAGAGACCAAA", 8, 12) and not constraints.breaches("AAAGAGACCAAA", 9, 12)


def test_a_start_that_breaks_constraints_is_mended_within_the_budget() -> None:
    start = "ATGCATTGCA" + "GGTCTC" + "ATCGTTACGATGCTAACTGACATCGTAGCATCGTAGCTACGATG"
    rules = Rules(frozenset(range(len(start))), 3, Constraints(forbidden_sites(["BsaI"])))
    found = repaired(of_bases(start), rules)
    assert len(changed_places(start, found.bases)) == 1 and "GGTCTC" not in found.bases
    draft = design(Objective((FLAT,), of_bases(start), TARGET), rules)
    assert draft.bases == found.bases
    assert made_by(draft, changed_places(start, draft.bases)[0]) == "constraint"


class Untouchable(CountedModel):
    """A model that must not be asked."""

    def at(self, query: Any, row: int) -> Any:
        raise AssertionError


def test_impossible_constraints_are_refused_before_any_prediction(refuses: Refuses) -> None:
    start = "ATGCATTGCA" + "GGTCTC" + "ATCGTTACGATGCTAACTGACATCGTAGCATCGTAGCTACGATG"
    objective = Objective((Untouchable(()),), of_bases(start), TARGET)
    everything = frozenset(range(len(start)))
    bsai = Constraints(forbidden_sites(["BsaI"]))
    with refuses("BsaI", "10:16"):
        design(objective, Rules(everything - frozenset(range(8, 20)), 5, bsai))
    with refuses("GC", "0.9", "26", "5"):
        design(objective, Rules(everything, 5, Constraints(gc=(0.9, 1.0))))
    with refuses("run", "1"):
        design(objective, Rules(everything, 2, Constraints(homopolymer=1)))
    with refuses("repeat", "3"):
        design(objective, Rules(everything, 4, Constraints(repeat=3)))
    for gc in ((0.7, 0.6), (-0.1, 0.5), (0.4, 1.5), (35.0, 65.0)):
        with refuses(f"{gc[0]:g}:{gc[1]:g}"):
            Constraints(gc=gc)
    with refuses("NNN"):
        forbidden_sites(["NNN"])
    with refuses("BsaX1", "BsaXI"):
        forbidden_sites(["EcoRI,BsaX1"])
    with refuses("X", "AGAGACCA", "BsaI"):
        design(objective, Rules(everything, 5, bsai, {"X": "AGAGACCA"}))
    with refuses("0"):
        design(objective, Rules(everything, 0))
    with refuses("0.501:0.502"):
        design(objective, Rules(everything, 5, Constraints(gc=(0.501, 0.502))))
    with refuses("homopolymer -1"):
        Constraints(homopolymer=-1)


# Starts, contexts and motifs ----------------------------------------------------------------------------------------


def test_regions_and_protected_bases(refuses: Refuses) -> None:
    plain = of_bases("ACGTN" * 12)
    shifted = replace(plain, tss=30)
    assert shifted.editable((-10, 4), [(-8, 0)]) == {20, 21, 30, 31, 32, 33}
    assert max(shifted.editable(None)) == 58 and min(shifted.editable(None)) == 0
    for region, protected, word in (((-31, 0), [], "-31:0"), ((0, 31), [], "0:31"), ((5, 5), [], "5:5")):
        with refuses(word, "-30" if word != "5:5" else "5"):
            shifted.editable(region, protected)
    with refuses("-5:5"):
        shifted.editable((-5, 5), [(-10, 10)])


def test_a_start_of_ones_own_is_edited_where_the_window_covers_it(tmp_path: Any) -> None:
    sizes = Sizes(samples=8, length=60, regulators=3)
    run = counted_predictor(MODEL, sizes=sizes)
    index = int(tss_index(run.dataset.genes)[int(np.argmax(run.dataset.genes.strand == "+"))])
    # 40 bp of a plasmid, then a record that reaches past the window.
    rng = np.random.default_rng(0)
    backbone, record = ("".join(rng.choice(list("ACGT"), size)) for size in (40, 90))
    (tmp_path / "own.fa").write_text(f">own tss=31\n{record}\n")
    found = Template.of_fasta(run, tmp_path / "own.fa", backbone)
    assert found.bases == backbone + record and found.insert == (40, 130) and found.tss == 70
    window = found.bases[max(-found.shift, 0) :][:60]
    assert letters(np.asarray(found.promoter.onehot[0])) == window.ljust(60, "N")
    editable = found.editable(None)
    assert min(editable) == max(40, 70 - index) and max(editable) < 70 - index + 60
    objective = Objective((MODEL,), found, TARGET)
    draft = design(objective, Rules(editable, 6))
    places = changed_places(found.bases, draft.bases)
    assert 0 < len(places) <= 6 and editable.issuperset(places)
    edited = letters(found.windows([draft.bases])[0])
    assert edited == draft.bases[max(-found.shift, 0) :][:60].ljust(60, "N")


def test_several_records_are_refused(tmp_path: Any, refuses: Refuses) -> None:
    run = counted_predictor(MODEL, sizes=SIZES)
    (tmp_path / "two.fa").write_text(">a tss=3\nACGTACGT\n>b tss=3\nACGTACGT\n")
    with refuses("two.fa", "2"):
        Template.of_fasta(run, tmp_path / "two.fa")


def test_contexts_of_a_design(refuses: Refuses) -> None:
    run = counted_predictor(MODEL, sizes=SIZES)
    tissues = run.tissues("all").names
    found = design_contexts(run, tissues[1], ("all",))
    assert found.names == (tissues[1], *(name for name in tissues if name != tissues[1]))
    assert design_contexts(run, "S1", (tissues[0], tissues[0])).names == ("S1", tissues[0])
    with refuses("T0"):
        design_contexts(run, "T0", ("T0",))
    with refuses("Tx"):
        design_contexts(run, "Tx", ())


def test_a_contrast_of_a_run_without_levels_and_tissue_is_refused(refuses: Refuses) -> None:
    blind = CountedModel(SITES, name="seq", reads_levels=False)
    with refuses("seq", "--off"):
        design(Objective((MODEL, blind), template(), BOTH), Rules(frozenset(range(60))))
    assert design(Objective((blind,), template(), TARGET), Rules(frozenset(range(60)), 3)).moves


def test_motifs_have_their_consensus(refuses: Refuses) -> None:
    dataset = template().promoter
    kernel = np.zeros((9, 4))
    kernel[2, 3] = kernel[3, 0] = kernel[5, 2] = 1.5
    assert consensus_bases(kernel) == "TANG"
    (found,) = motif_consensus(dataset.motifs, dataset.pssm, ["M3"]).values()
    assert found == consensus_bases(dataset.pssm[:, :, 3])
    with refuses("M99"):
        motif_consensus(dataset.motifs, dataset.pssm, ["M99"])


def test_wide_bases_follow_the_window() -> None:
    plain = template()
    flank = 40
    codes = np.random.default_rng(0).integers(4, size=(1, 2 * flank + 1)).astype(np.uint8)
    start = flank - int(tss_index(plain.promoter.genes)[0])
    native = base_codes(np.asarray(plain.promoter.onehot[0]))
    inside = np.arange(60)[(np.arange(60) + start >= 0) & (np.arange(60) + start <= 2 * flank)]
    codes[0, inside + start] = native[inside]
    bases = "".join("C" if base == "A" else base for base in plain.bases)
    moved = with_window(replace(plain.promoter, wide_bases=codes), plain.windows([bases])[0])
    assert moved.wide_bases is not None
    assert (moved.wide_bases[0, inside + start] == base_codes(moved.onehot[0])[inside]).all()
    assert (moved.wide_bases != codes).sum() == sum(plain.bases[place] == "A" for place in inside)
