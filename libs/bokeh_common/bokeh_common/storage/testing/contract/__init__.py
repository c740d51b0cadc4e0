"""The contract of the stores: tests that every backend passes."""
