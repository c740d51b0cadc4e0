"""What helps people to use the cloud: the documentation of the API, and the Python client."""
