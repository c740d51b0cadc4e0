"""Credentials: API keys, share links, one-time links, view tokens, their scopes, and the store for them."""
