"""The storage of the data service; no other module knows its keys."""
