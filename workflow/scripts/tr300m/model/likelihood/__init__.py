"""Output distributions."""
