"""Tests of the garbage collector against whole clouds, on all backends."""
