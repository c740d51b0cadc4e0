"""Session cookies, content security policies and security headers."""
