"""The HTTP API as an executable specification: a test for each row of its table, in the table's order."""
