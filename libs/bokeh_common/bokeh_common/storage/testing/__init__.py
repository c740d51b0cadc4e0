"""The contracts of the storage interfaces, as tests that any backend has to pass; and the means to run them.

A test class subclasses `RecordContract` or `BlobContract` and offers a fixture `medium`.
"""
