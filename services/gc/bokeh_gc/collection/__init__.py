"""Collection of garbage: runs of the mark-and-sweep algorithm, and their reports."""
