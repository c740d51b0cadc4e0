"""Renders pages from Jinja templates, which escape all values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import falcon
from falcon.asgi import Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bokeh_common.errors import CloudError
from bokeh_common.http.auth.access import Introspect, Principal, bearer_token
from bokeh_common.http.server.thread_pools import compute
from bokeh_web.pages.assets import Assets
from bokeh_web.pages.branding import Brand
from bokeh_web.pages.jinja_filters import FILTERS
from bokeh_web.pages.operator_pages import OperatorPages
from bokeh_web.security.content_security_policy import PAGE_POLICY
from bokeh_web.security.session_cookie import SessionCookie, form_token

#: To render a mapping, such as a plot in a list, takes about as long as to process so many bytes of JSON.
ITEM_COST = 512


@dataclass(frozen=True)
class PageTheme:
    """What all pages have in common."""

    brand: Brand
    assets: Assets
    operator_pages: OperatorPages


class PageRenderer:
    """Renders templates with the values that all of them need."""

    def __init__(
        self,
        theme: PageTheme,
        cookie: SessionCookie,
        introspect: Introspect,
        accounts: bool,
        client: str | None = None,
    ) -> None:
        """Load the templates.

        Args:
            theme: what all pages have in common.
            cookie: reads the session, from which the token of forms is derived.
            introspect: returns the principal of a bearer token.
            accounts: whether this cloud has accounts.
            client: the path of the wheel of the Python client; None if this cloud does not offer it.
        """
        self._cookie = cookie
        self._introspect = introspect
        self.accounts = accounts
        self._templates = Environment(
            loader=PackageLoader("bokeh_web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= FILTERS
        self._templates.globals |= {
            "static": theme.assets.url,
            "logo": theme.assets.url(theme.assets.logo),
            "brand": theme.brand.name,
            "size": FILTERS["size"],
            "number": FILTERS["number"],
            "operator_pages": theme.operator_pages.links,
            "accounts": accounts,
            "client": client,
        }

    async def respond(
        self,
        req: Request,
        resp: Response,
        template: str,
        policy: str = PAGE_POLICY,
        **values: Any,
    ) -> None:
        """Respond with a page. Large ones are rendered on a thread.

        Args:
            req: the request; the page's header shows which account is logged in.
            resp: the response.
            template: a file of `templates/`.
            policy: the page's Content-Security-Policy.
            values: variables of the template.
        """
        common = {
            "visitor": await self.visitor(req),
            "path": req.path,
            "form_token": form_token(self._cookie.read(req)),
        }
        resp.content_type = falcon.MEDIA_HTML
        resp.set_header("Content-Security-Policy", policy)
        resp.set_header("Cache-Control", "no-store")
        render = self._templates.get_template(template).render
        resp.text = await compute(count_mappings(values) * ITEM_COST, render, {**common, **values})

    async def visitor(self, req: Request) -> str:
        """Return the account that is logged in; empty without login, and for readers of a share link."""
        principal = getattr(req.context, "principal", None) or await self._principal(req)
        return "" if principal is None or principal.only is not None else principal.user_id

    async def _principal(self, req: Request) -> Principal | None:
        """Return the principal of a request that reached no resource, such as one for an unknown path."""
        try:
            return await self._introspect(bearer_token(req))
        except CloudError:
            return None


def count_mappings(value: object) -> int:
    """Return how many mappings there are in nested mappings and lists: the items that a page shows."""
    if isinstance(value, Mapping):
        return 1 + sum(map(count_mappings, value.values()))
    return sum(map(count_mappings, value)) if isinstance(value, list) else 0


def trusted(html: str) -> Markup:
    """Mark HTML as safe, which it must be: rendered from Markdown in which HTML was escaped."""
    return Markup(html)  # noqa: S704  # the only caller renders the operator's Markdown
