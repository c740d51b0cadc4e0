"""Published plots: listing, changing, sharing and copying them, and how they look in a notebook."""
