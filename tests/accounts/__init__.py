"""Tests of accounts that involve all services."""
