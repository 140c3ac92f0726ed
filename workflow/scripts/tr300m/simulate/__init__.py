"""Simulated upstream files, to the letter of their formats, with a planted truth."""
