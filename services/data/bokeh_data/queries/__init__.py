"""Queries of rows and windows of a data source, and the output formats of their results."""
