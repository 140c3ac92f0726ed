"""Pages of the report: their categories, titles and captions."""

from typing import NamedTuple

PAGES = {
    "guide": ("Guide", "What good figures look like"),
    "models": ("Tables", "All models"),
    "table1": ("Tables", "Table 1: the architectures"),
    "table2": ("Tables", "Table 2: the final run on the test part"),
    "baselines": ("Tables", "Baselines"),
    "against_baselines": ("Tables", "Networks against baselines"),
    "folds": ("Tables", "Test scores over all folds of chromosomes"),
    "controls": ("Tables", "Controls: scores with permuted inputs"),
    "seeds": ("Tables", "Seeds: spread between runs that differ in their seed"),
    "options": ("Tables", "Options: runs with options beside the same runs without"),
    "truth": ("Tables", "Recovery of the planted truth"),
    "mechanism": ("Evaluation", "Does the mechanism help: motifs times levels against random pairings"),
    "breakdown": ("Evaluation", "Scores by group of genes and samples"),
    "calibration": ("Evaluation", "Calibration of the predicted distributions"),
    "cards": ("Records", "Model cards: what each run is, how good, and what it is not for"),
    "runs": ("Records", "Runs: settings, device, time"),
    "versions": ("Records", "Versions and checksums"),
}
"""Pages of the report: category and title by the name of the table. The titles of Tables 3-7 name their runs."""


class Page(NamedTuple):
    """A page of the report; `caption` is the stem of a file in workflow/report."""

    category: str
    title: str
    caption: str
