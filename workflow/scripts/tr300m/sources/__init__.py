"""Download upstream files."""
