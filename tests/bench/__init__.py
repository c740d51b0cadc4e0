"""Benchmarks, each of which measures a ratio to a baseline in the same run."""
