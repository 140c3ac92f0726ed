"""The names of splits."""

import re

LEAVE_OUT = "leave_out_"
"""Start of the name of a split whose test part is one chromosome; the name of the chromosome follows."""

ANY_LEAVE_OUT = f"{LEAVE_OUT}CHROM"
"""How messages and documents call these splits."""

CHROMOSOME = r"[\w.-]+"
"""Regular expression for the name of a chromosome in the name of a split."""
LEAVE_OUT_NAME = re.compile(LEAVE_OUT + CHROMOSOME)


def split_names(folds: int) -> list[str]:
    """Return the names of all splits, with `folds` splits by chromosome and `ANY_LEAVE_OUT` for any chromosome."""
    of_chromosomes = [*(f"chromosome_{fold}" for fold in range(1, folds + 1)), ANY_LEAVE_OUT]
    return ["thesis", "donor", "tissue", "overlap_free", *of_chromosomes]


def split_pattern(folds: int) -> str:
    """Return a regular expression for the names of splits; the names of chromosomes are known only from the data."""
    *names, _ = split_names(folds)
    return f"{'|'.join(names)}|{LEAVE_OUT}{CHROMOSOME}"
