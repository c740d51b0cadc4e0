"""The garbage collector: finds what nothing refers to any more."""
