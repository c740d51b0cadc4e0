"""Rules for all code, routes, settings and documents."""
