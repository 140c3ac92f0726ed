"""Predict with a trained run and examine the predictions."""
