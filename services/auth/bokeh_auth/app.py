"""The auth service: the routes, top to bottom."""

import os
from dataclasses import dataclass

from bokeh_auth import resources
from bokeh_auth.accounts import Accounts
from bokeh_auth.records import Records
from bokeh_auth.settings import Settings
from bokeh_auth.tokens import ViewTokens
from bokeh_common.http.app import App, new_app
from bokeh_common.http.auth import Authenticator, Principal
from bokeh_common.storage import RecordStore, open_records


@dataclass(frozen=True)
class Dependencies:
    """What the service needs of the world."""

    records: RecordStore


def create_app(given: Dependencies) -> App:
    """Make the app from ready objects."""
    records = Records(given.records)
    accounts = Accounts(ViewTokens(records.view_key()))

    def introspect(token: str | None) -> Principal | None:
        answer = accounts.introspect(token)
        if not answer.pop("active"):
            return None
        return Principal(answer["user_id"], frozenset(answer["scopes"]), answer["only"])

    app = new_app(Authenticator(introspect), {"storage": records.ping})
    app.add_route("/whoami", resources.WhoAmI(accounts))
    app.add_route("/internal/auth/introspection", resources.Introspection(accounts))
    app.add_route("/internal/auth/view-tokens", resources.ViewTokens(accounts))
    return app


def get_app() -> App:
    """Make the app from the environment, for a WSGI server."""
    settings = Settings.from_env(os.environ)
    return create_app(Dependencies(records=open_records(settings.storage, "auth")))
