"""Gunicorn: its configuration and its worker class."""
