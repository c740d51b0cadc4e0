"""Conditions on rows: scanning, parsing, and evaluating them."""
