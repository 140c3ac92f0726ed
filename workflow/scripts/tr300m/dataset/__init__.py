"""The dataset folder, splits, the order of training pairs and permuted inputs."""
