"""Accounts: creation, identifiers, export and deletion."""
