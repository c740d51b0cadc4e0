"""The resources of the data service: they parse requests, call the domain, and write responses."""
