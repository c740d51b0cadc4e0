"""What the worker process does from time to time: collect garbage, and have chunks compressed."""
