"""Falcon middleware that all services use."""
