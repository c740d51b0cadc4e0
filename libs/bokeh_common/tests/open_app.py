"""An app whose resources are open to everyone."""

from typing import Any

from bokeh_common.http.app import App, new_app
from bokeh_common.http.auth.access import Authenticator


def new_open_app(**options: Any) -> App:
    """Return an app that accepts no token; `options` are those of `new_app`."""
    return new_app(Authenticator(_no_principal), {}, **options)


async def _no_principal(token: str | None) -> None:
    """Accept no token."""
