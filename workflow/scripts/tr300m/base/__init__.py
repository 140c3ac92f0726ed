"""Errors, files, array files, progress, jobs and the axes of the dataset; independent of the configuration."""
