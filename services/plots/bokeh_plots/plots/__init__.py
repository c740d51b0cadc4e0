"""Plots: publishing, versions, copies, permissions, view counts and thumbnails."""
