"""Requests from one service to another."""
