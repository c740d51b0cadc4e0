"""The web service: pages for people, and the frame in which a plot runs."""
