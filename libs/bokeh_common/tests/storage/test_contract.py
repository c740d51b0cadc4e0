"""The contracts of the stores, on all backends."""

from bokeh_common.storage.testing.contract.blobs import BlobContract
from bokeh_common.storage.testing.contract.crashes import CrashContract
from bokeh_common.storage.testing.contract.records import RecordContract


class TestRecords(RecordContract):
    pass


class TestBlobs(BlobContract):
    pass


class TestCrashes(CrashContract):
    pass
