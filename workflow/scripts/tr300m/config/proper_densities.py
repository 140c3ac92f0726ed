"""Which output distributions are no proper density."""

IMPROPER = ("nb_exponential",)
"""Output distributions whose NLL is not that of a proper density."""
