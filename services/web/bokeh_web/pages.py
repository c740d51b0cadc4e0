"""Pages, from Jinja2 templates; everything that is put into them is escaped."""

from dataclasses import dataclass
from typing import Any

import falcon
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bokeh_common.errors import CloudError
from bokeh_common.http.auth import Introspect, Principal, bearer_token
from bokeh_web.assets import Assets
from bokeh_web.brand import Brand
from bokeh_web.cookies import Cookies, form_token
from bokeh_web.policy import PAGE
from bokeh_web.texts import Texts
from bokeh_web.words import FILTERS


@dataclass(frozen=True)
class Look:
    """What all pages have in common."""

    brand: Brand
    assets: Assets
    texts: Texts


class Pages:
    """Renders templates with what all of them need."""

    def __init__(self, look: Look, cookies: Cookies, introspect: Introspect, accounts: bool) -> None:
        """Put it together; `accounts` says whether there are accounts to sign in to."""
        self.accounts = accounts
        self._cookies = cookies
        self._introspect = introspect
        self._templates = Environment(
            loader=PackageLoader("bokeh_web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= FILTERS
        self._templates.globals |= {
            "static": look.assets.address,
            "logo": look.assets.address(look.assets.logo),
            "brand": look.brand.name,
            "size": FILTERS["size"],
            "number": FILTERS["number"],
            "texts": look.texts.links,
            "accounts": accounts,
        }

    def show(
        self, req: falcon.Request, resp: falcon.Response, template: str, policy: str = PAGE, **values: Any
    ) -> None:
        """Answer with a page.

        Args:
            req: the request; the bar of the page says who is signed in.
            resp: the answer.
            template: a file of `templates/`.
            policy: its Content-Security-Policy.
            values: for the template.
        """
        common = {
            "visitor": self.visitor(req),
            "path": req.path,
            "form_token": form_token(self._cookies.session(req)),
        }
        resp.content_type = falcon.MEDIA_HTML
        resp.set_header("Content-Security-Policy", policy)
        resp.set_header("Cache-Control", "no-store")
        resp.text = self._templates.get_template(template).render({**common, **values})

    def visitor(self, req: falcon.Request) -> str:
        """Return the account that is signed in here; empty for visitors, and for readers of a share link."""
        principal = getattr(req.context, "principal", None) or self._principal(req)
        return "" if principal is None or principal.only is not None else principal.user_id

    def _principal(self, req: falcon.Request) -> Principal | None:
        """Return who asks where no resource wanted to know, as on a page that says that there is nothing."""
        try:
            return self._introspect(bearer_token(req))
        except CloudError:
            return None


def trusted(html: str) -> Markup:
    """Mark HTML as safe that is ours, or comes from Markdown without HTML."""
    return Markup(html)  # noqa: S704  # the two callers render it from the operator's Markdown
