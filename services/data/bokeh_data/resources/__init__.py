"""The routes of the data service, a class each: read the request, call the domain, write the answer."""
