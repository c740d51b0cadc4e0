"""Ingest: files of rows that become data sources (Arrow streams and files, Parquet, CSV).

A file is untrusted, and decoding it takes a lot of C++ code. Therefore a sandbox process reads it, with
limited memory and CPU time and no secrets. It returns pieces of columns, each in the form in which it will be
stored.
"""
