"""Simulated upstream files in their exact formats, with a planted truth."""
