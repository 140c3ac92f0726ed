"""Metrics of predictions, overall and by group, with cluster-bootstrap intervals; NumPy and SciPy only."""
