"""A page in which to walk through a computation, forward and backward."""
