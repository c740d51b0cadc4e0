"""The auth service: who is asking, and what may they do."""
