"""Files that become data sources: Arrow streams and files, Parquet, CSV.

A file comes from anybody, and what decodes it is a lot of C++. So it is read in a process of its own, which
may take so much memory and time and no more, has no secrets, and hands back pieces of columns, each as it
will be stored.
"""
