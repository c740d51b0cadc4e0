"""Streams of rows that outlast outages of the server: see `row_writer.RowWriter`."""
