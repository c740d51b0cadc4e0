"""Attacks on a cloud and on its parsers."""
