"""Login: registration, login and sessions."""
