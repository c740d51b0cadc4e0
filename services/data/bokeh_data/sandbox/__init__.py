"""Sandbox processes, which parse untrusted input with limited resources and without secrets."""
