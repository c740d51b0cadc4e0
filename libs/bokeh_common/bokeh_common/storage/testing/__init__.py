"""The contract of the storage interfaces, as tests that every backend must pass, and servers to run them on.

Test classes subclass `RecordContract` or `BlobContract`, and provide a fixture `backend`.
"""
