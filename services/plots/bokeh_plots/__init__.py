"""The plots service: scene graphs, their versions and their names."""
