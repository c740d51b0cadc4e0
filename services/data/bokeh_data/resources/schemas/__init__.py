"""The types of bodies and queries, which validate requests and generate the OpenAPI description."""
