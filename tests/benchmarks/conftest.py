"""Benchmarks are scripts: importing one binds the whole process to a single core."""

collect_ignore_glob = ["*.py", "contestants/*"]
