"""The routes of the web service: a module for each group of pages, a class for each URL template."""
