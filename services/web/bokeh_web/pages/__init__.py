"""Pages: templates, filters and what they are given."""
