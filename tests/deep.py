"""How tests that hold one property for many things divide its examples between them."""

from hypothesis import settings


def shared(number, least=20):
    """Settings for one of so many tests: its part of all examples, but at least a few."""
    total = settings().max_examples
    return settings(max_examples=max(min(least, total), -(-total // number)))
