"""Read upstream formats into arrays; only here are pandas, pyfaidx and pyranges imported."""
