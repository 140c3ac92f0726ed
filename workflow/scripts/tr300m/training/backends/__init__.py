"""Compiled training steps, one module per backend."""
