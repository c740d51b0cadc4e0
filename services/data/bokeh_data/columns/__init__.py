"""Columns: dtypes, manifests, chunk statistics, values and their encodings."""
