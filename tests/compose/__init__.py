"""Checks of the cloud of containers: `make test-compose`. They need a Docker engine, and build the images."""
