"""The OpenAPI description, generated from the routes."""
