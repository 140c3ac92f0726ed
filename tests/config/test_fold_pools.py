"""Runs and baselines that are scored on all folds together."""

from dataclasses import replace

from tr300m.config.architectures import Architecture
from tr300m.config.fold_pools import Pool, pool_folds
from tr300m.config.run_table import Run

RUN = Run("a1", "seq", "leave_out_chr1", "nb_exponential", "none", "cached", 3, 10)
ARCHITECTURES = {"seq": Architecture.from_key("seq")}


def pooled(*runs: Run, baselines: tuple[str, ...] = ()) -> dict[str, Pool]:
    splits = list(dict.fromkeys(run.split for run in runs))
    return pool_folds({run.run: run for run in runs}, ARCHITECTURES, splits, baselines)


def test_runs_that_differ_in_their_fold_are_one_row() -> None:
    second = replace(RUN, run="a2", split="leave_out_chr2")
    other = replace(second, run="b2", seed=4)
    found = pooled(RUN, second, other, baselines=("trees", "gene_tissue_mean"))
    # Another seed is on one fold only; the mean of the genes' own expression is no model.
    assert found == {
        "folds/leave_out/runs/a1": Pool("leave_out", "Seq", ("runs/a1", "runs/a2")),
        "folds/leave_out/baselines/trees": Pool(
            "leave_out",
            "Motifs, histones, CpG and GC, boosted trees",
            ("baselines/leave_out_chr1/trees", "baselines/leave_out_chr2/trees"),
            "trees",
        ),
    }


def test_one_fold_is_not_pooled() -> None:
    assert pooled(RUN, replace(RUN, run="t", split="thesis"), baselines=("trees",)) == {}


def test_kinds_of_folds_stay_apart() -> None:
    runs = [
        replace(RUN, run=f"{kind}{fold}", split=f"{kind}_{fold}")
        for kind in ("leave_out", "chromosome")
        for fold in (1, 2)
    ]
    assert [pool.folders for pool in pooled(*runs).values()] == [
        ("runs/leave_out1", "runs/leave_out2"),
        ("runs/chromosome1", "runs/chromosome2"),
    ]
