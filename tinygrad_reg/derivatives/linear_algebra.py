"""Lines for inverses, determinants and decompositions of matrices."""
