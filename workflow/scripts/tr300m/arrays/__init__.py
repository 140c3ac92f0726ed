"""Upstream formats to arrays; pandas, pyBigWig, pyfaidx and pyranges are imported here only."""
