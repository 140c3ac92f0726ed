"""No biology and no configuration: errors, files, array files, progress, jobs, axes."""
