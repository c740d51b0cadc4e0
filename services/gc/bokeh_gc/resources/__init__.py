"""The HTTP resources of the garbage collector."""
