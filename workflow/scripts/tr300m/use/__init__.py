"""Use trained models: score sequences and variants, explain a prediction, design promoters."""
