"""Features of genes: motif scan and maxima, k-mers, histone means, base composition; without Keras."""
