"""Pages, from Jinja2 templates; everything that is put into them is escaped."""

from typing import Any

import falcon
from jinja2 import Environment, PackageLoader, StrictUndefined

from bokeh_web.files import own_address
from bokeh_web.policy import PAGE


class Pages:
    """Renders templates with what all of them need."""

    def __init__(self, accounts: bool = False) -> None:
        """Say whether there are accounts to sign in to."""
        self.accounts = accounts
        self._templates = Environment(
            loader=PackageLoader("bokeh_web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals |= {"static": own_address, "accounts": accounts}

    def show(self, resp: falcon.Response, template: str, policy: str = PAGE, **values: Any) -> None:
        """Answer with a page.

        Args:
            resp: the answer.
            template: a file of `templates/`.
            policy: its Content-Security-Policy.
            values: for the template.
        """
        resp.content_type = falcon.MEDIA_HTML
        resp.set_header("Content-Security-Policy", policy)
        resp.text = self._templates.get_template(template).render(values)
