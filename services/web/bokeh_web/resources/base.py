"""What the resources of this service have in common."""

from dataclasses import replace
from typing import Any

import falcon

from bokeh_common.http.auth import Access
from bokeh_common.http.body import read_query
from bokeh_common.http.operations import Answer, Operation
from bokeh_common.http.replies import AtVersion
from bokeh_web.forms import read_form
from bokeh_web.site import Site

#: A plot of one's own, one that is open to all, or the one of a share link; the plots service decides.
SEE = Access("plots:read", bound=True, visitors=True)

#: A page for whoever comes, that says something else to those who are signed in.
ANYBODY = Access("plots:read", visitors=True)

#: How pages and forms are described: what is in them is for people.
PAGE = Operation({200: Answer(str, (falcon.MEDIA_HTML,))})
PAGE_AT_VERSION = Operation(PAGE.answers, query=AtVersion)
FORM = Operation({303: None}, body=dict[str, str], media=(falcon.MEDIA_URLENCODED,), problems=("cross-site",))
FORM_AND_PAGE = replace(FORM, answers=PAGE.answers)

READ = Access("plots:read")
WRITE = Access("plots:write")


class Resource:
    """A resource, with the site that it is a part of."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def _show(self, req: falcon.Request, resp: falcon.Response, template: str, **values: Any) -> None:
        self._site.pages.show(req, resp, template, **values)

    def _form(self, req: falcon.Request, lists: tuple[str, ...] = ()) -> dict[str, Any]:
        """Return what a form of ours sent; `Forbidden` when it is another's."""
        form = read_form(req, lists)
        self._site.cookies.demand_form(req, form)
        return form

    def _server(self, req: falcon.Request) -> str:
        """Return the address of this cloud, as the visitor's browser knows it."""
        return self._site.cookies.origin(req)


def user_of(req: falcon.Request) -> str:
    """Return the account in whose name the request is made."""
    return str(req.context.principal.user_id)


def key_of(req: falcon.Request) -> str | None:
    """Return what the visitor proves who they are with."""
    return req.get_header("Authorization")


def version_of(req: falcon.Request) -> int | None:
    """Return `?version=`; None for the newest."""
    return read_query(req, AtVersion).version
