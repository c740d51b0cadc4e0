"""Tests of the garbage collector with all services, on all storage backends."""
