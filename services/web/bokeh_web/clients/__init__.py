"""Clients of the other services: a module for each of them."""
