"""Open a dataset folder; splits, pair order, permuted inputs."""
