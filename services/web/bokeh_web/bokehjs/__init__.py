"""The versions of BokehJS that this service serves."""
