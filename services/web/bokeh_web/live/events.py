"""Server-sent events (WHATWG HTML, 9.2) about a plot, as bytes.

`version` announces a new version of the plot, `data` a change of its live data. The id of an event is the
state of the plot after it, as the plots service names it. A `data` event describes the change in `sources`,
unless pages have to load the scene again.
"""

import json
from collections.abc import Mapping
from typing import Any

#: When browsers reconnect after a stream has ended.
RECONNECT_MILLISECONDS = 3000

#: When listeners without a stream ask again.
POLL_MILLISECONDS = 10_000

COMMENT = b":\n\n"

#: A state, and changes since an earlier one, as the plots service describes them.
Changes = Mapping[str, Any]


def retry_after(milliseconds: int) -> bytes:
    """Return the field that says when to reconnect."""
    return f"retry: {milliseconds}\n\n".encode()


def event_of(changes: Changes, before: str, after: str, max_bytes: int) -> bytes:
    """Return the event between two states; empty if they are the same.

    Args:
        changes: the changes between them.
        before: the state that the listener knows.
        after: the state after the event.
        max_bytes: a larger event is replaced by one without the changes, after which pages load the scene.
    """
    if before == after:
        return b""
    version = int(after.partition("-")[0])
    if not before.startswith(f"{version}-"):
        return _event("version", after, {"version": version})
    sources = changes["sources"]
    if sources is None or changes["version"] != version:
        return _event("data", after, {"version": version})
    event = _event("data", after, {"version": version, "sources": sources})
    return event if len(event) <= max_bytes else _event("data", after, {"version": version})


def _event(kind: str, state: str, data: Mapping[str, Any]) -> bytes:
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False)
    return f"event: {kind}\nid: {state}\ndata: {text}\n\n".encode()
