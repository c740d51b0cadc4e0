"""What is not used any more, in people's words."""

from bokeh_gc.rooms import ROOMS
from bokeh_web.leftovers import DATA, GROUPS, REST, VERSIONS, grouped, names_of


def test_every_kind_has_its_words() -> None:
    assert {room.kind for room in ROOMS if room.why} == set(GROUPS)


def test_things_are_put_together_with_the_most_first() -> None:
    kinds = {"scene": 3, "manifest": 4, "chunk": 10, "column": 1, "unheard of": 2}
    orphans = [{"kind": kind, "bytes": size} for kind, size in kinds.items()]
    assert grouped(orphans) == [(DATA, 11), (VERSIONS, 7), (REST, 2)]
    assert names_of(["scene", "chunk", "manifest"]) == ["versions of plots", "data"]
