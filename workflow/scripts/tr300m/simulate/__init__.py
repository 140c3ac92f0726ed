"""Simulate the upstream files in their own formats, with a planted truth."""
