"""Live updates: the event streams of open pages."""
