"""The context of the current request: its trace and the address of its client."""
