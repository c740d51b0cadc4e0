"""What the web service asks of others: a module for each service."""
