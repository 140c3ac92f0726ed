"""Motif detection, the thesis's Appendix B."""
