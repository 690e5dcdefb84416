"""Settings of Hypothesis for the whole suite: `python -m pytest --hypothesis-profile=deep`."""

from hypothesis import HealthCheck, settings

# The same examples in every run; a loaded machine is no failure.
settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    max_examples=20,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("search", parent=settings.get_profile("ci"), derandomize=False)
settings.register_profile("deep", parent=settings.get_profile("search"), max_examples=20_000)
settings.load_profile("ci")  # another one with --hypothesis-profile
