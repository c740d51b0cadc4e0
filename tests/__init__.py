"""Tests of the whole, and what the tests of the parts share."""

from pathlib import Path

#: The top folder of the project.
ROOT = Path(__file__).parents[1]
