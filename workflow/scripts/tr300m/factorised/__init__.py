"""Factorised models: gene vectors times sample vectors, fitted to all pairs at once; Keras is not imported here."""
