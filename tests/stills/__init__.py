"""The stills of the README, photographed from a running cloud."""
