"""The HTTP resources of the plots service."""
