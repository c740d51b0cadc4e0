"""Windows: downsampled rows of long columns for a viewport, and the pyramids that they are computed from."""
