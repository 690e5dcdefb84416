"""Layers that NumPy lacks: convolution, pooling, normalization, dropout, and activations."""
