"""Columns in the client: encoding values, cutting them into chunks, and columns that are stored already."""
