"""The configuration and its tables, read when Snakemake parses the workflow."""
