"""What the resources of this service have in common."""

from dataclasses import replace
from typing import Any, TypeVar

import falcon
from falcon.asgi import Request, Response

from bokeh_common.http.auth.access import Access
from bokeh_common.http.openapi.operations import Operation, ResponseSpec
from bokeh_common.http.request_body import read_query
from bokeh_common.http.responses import VersionQuery
from bokeh_web.container import Domain
from bokeh_web.pages.forms import convert_fields, read_fields
from bokeh_web.resources.schemas import Form

#: One of the visitor's own plots, a public one, or that of a share link; the plots service decides.
SEE = Access("plots:read", allow_restricted=True, allow_visitors=True)

#: A page for everyone, with other contents for accounts.
EVERYONE = Access("plots:read", allow_visitors=True)

READ = Access("plots:read")
WRITE = Access("plots:write")

#: Pages and forms are described without their contents, which are for people.
PAGE = Operation({200: ResponseSpec(str, (falcon.MEDIA_HTML,))})
PAGE_AT_VERSION = Operation(PAGE.responses, query=VersionQuery)
FORM = Operation({303: None}, body=dict[str, str], media=(falcon.MEDIA_URLENCODED,), problems=("cross-site",))
FORM_AND_PAGE = replace(FORM, responses=PAGE.responses)

#: Scripts send the form token in this header, forms send it as a field.
FORM_TOKEN_HEADER = "Bokeh-Cloud-Form"  # noqa: S105  # the name of a header

F = TypeVar("F", bound=Form)


class WebResource:
    """A resource that works with the domain and responds with pages."""

    def __init__(self, domain: Domain) -> None:
        self._domain = domain

    async def _respond_with_page(self, req: Request, resp: Response, template: str, **values: Any) -> None:
        await self._domain.pages.respond(req, resp, template, **values)

    def _require_form_token(self, req: Request) -> None:
        """Raise `Forbidden` unless a script of one of this cloud's pages has sent the request."""
        self._domain.session_cookie.require_form_token(req, req.get_header(FORM_TOKEN_HEADER) or "")

    async def _read_form(self, req: Request, kind: type[F]) -> F:
        """Read a form of one of this cloud's pages.

        Raises:
            Invalid: as `read_fields` and `convert_fields`.
            Forbidden: the form comes from another site, or from the page of another session.
        """
        # The token first: whatever else another site's form contains, the response is 403.
        fields = await read_fields(req)
        token = convert_fields(fields, Form).form_token
        self._domain.session_cookie.require_form_token(req, token)
        return convert_fields(fields, kind)

    def _server_url(self, req: Request) -> str:
        """Return the URL of this cloud, as the visitor's browser knows it."""
        return self._domain.session_cookie.origin(req)


def user_of(req: Request) -> str:
    """Return the account on whose behalf the request is made."""
    return str(req.context.principal.user_id)


def version_of(req: Request) -> int | None:
    """Return the version that was asked for (`?version=`); None for the newest."""
    return read_query(req, VersionQuery).version
