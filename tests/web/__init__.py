"""The pages, requested without a browser."""
