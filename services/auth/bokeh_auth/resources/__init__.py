"""The HTTP resources of the auth service."""
