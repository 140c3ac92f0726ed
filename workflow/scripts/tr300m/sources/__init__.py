"""Fetch upstream files."""
