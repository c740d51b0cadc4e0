"""Servers that tests start, and access to what a backend stores without its store."""
