"""Checks of the cloud in containers, run by `make test-compose`. They need Docker, and build the images."""
