"""The embedded cloud, which runs all services in one process, and commands for its operator."""
