"""The data service: columns, stored once by content hash."""
