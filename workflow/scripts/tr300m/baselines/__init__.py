"""Predictions without a neural network; Keras is not imported here."""
