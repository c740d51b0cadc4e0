"""Data sources: frozen and live ones, old versions, limits, and transfer to other accounts."""
