"""What an account keeps without using it, and freeing that."""

from typing import Any

import falcon

from bokeh_common.http.auth import Access
from bokeh_web.forms import go
from bokeh_web.leftovers import grouped, names_of
from bokeh_web.peers.gc import MOST
from bokeh_web.resources.base import FORM_AND_PAGE, PAGE, Resource, key_of, user_of

UNUSED = Access("gc:run", besides=("account",))


class Unused(Resource):
    """`GET /account/unused`."""

    access = {"GET": UNUSED}
    describe = {"GET": PAGE}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Show what the garbage collector would free."""
        self._page(req, resp, None)

    def _page(self, req: falcon.Request, resp: falcon.Response, done: dict[str, Any] | None) -> None:
        orphans = self._site.garbage.orphans(user_of(req), key_of(req))
        size = sum(orphan["bytes"] for orphan in orphans)
        values = {"groups": grouped(orphans), "bytes": size, "more": len(orphans) == MOST, "done": done}
        self._show(req, resp, "account/unused.html", **values)


class Freed(Unused):
    """`GET` and `POST /account/unused/free`; the first is for who reloads the answer of the second."""

    access = {"GET": UNUSED, "POST": UNUSED}
    describe = {"GET": PAGE, "POST": FORM_AND_PAGE}

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Send back to what is there now."""
        go(resp, "/account/unused")

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Free it, and say how much it was."""
        self._form(req)
        done = self._site.garbage.run(user_of(req), key_of(req))
        self._page(req, resp, {**done, "names": names_of(done["freed"])})
