"""Numbers of a gene: motif scan and maxima, k-mers, histone means. Keras is not imported here."""
