"""Lines for functions of SciPy: entered when `scipy.special` is there and first meets a tensor."""
