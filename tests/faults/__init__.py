"""Faults of a cloud of real processes: kills, a failing storage, clocks that jump, partitions."""
