"""The path to which a login leads: that of the page for which the visitor had to log in."""

import re

MAX_LENGTH = 300

#: A path of this cloud and a query, in characters that URLs and cookies need not quote. There is no `//`, no
#: backslash and no dot, so browsers cannot take it for another host, nor leave the path that it shows.
_LOCAL_PATH = re.compile(r"(/[\w-]+)+(\?[\w=&%+-]*)?", re.ASCII)


def is_local_path(path: str) -> bool:
    """Tell whether a path, which anyone can put into a link, leads to a page of this cloud only."""
    return len(path) <= MAX_LENGTH and _LOCAL_PATH.fullmatch(path) is not None
