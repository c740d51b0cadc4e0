"""Labels of data that is not used any more."""

from bokeh_gc.keyspaces import KEYSPACES
from bokeh_web.pages.orphan_labels import DATA, LABELS, OTHER, VERSIONS, bytes_by_label, names_of


def test_every_kind_has_a_label() -> None:
    assert {keyspace.kind for keyspace in KEYSPACES if keyspace.why} == set(LABELS)


def test_orphans_are_summed_by_label_and_the_largest_are_first() -> None:
    kinds = {"scene": 3, "manifest": 4, "chunk": 10, "column": 1, "unknown": 2}
    orphans = [{"kind": kind, "bytes": size} for kind, size in kinds.items()]
    assert bytes_by_label(orphans) == [(DATA, 11), (VERSIONS, 7), (OTHER, 2)]
    assert names_of(["scene", "chunk", "manifest"]) == ["versions of plots", "data"]
