"""Every backend keeps the contracts."""

from bokeh_common.storage.testing.blobs import BlobContract
from bokeh_common.storage.testing.crashes import CrashContract
from bokeh_common.storage.testing.records import RecordContract


class TestRecords(RecordContract):
    pass


class TestBlobs(BlobContract):
    pass


class TestCrashes(CrashContract):
    pass
