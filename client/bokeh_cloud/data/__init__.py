"""Data sources on the server: creating, finding, reading and changing them."""
