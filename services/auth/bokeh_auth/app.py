"""The auth service: the routes, top to bottom."""

import os
from dataclasses import dataclass, field

from bokeh_auth import resources
from bokeh_auth.domain import Domain
from bokeh_auth.introspection import Introspection, Keyed, Keyless, Services
from bokeh_auth.records import Records
from bokeh_auth.settings import Settings
from bokeh_common.http.app import App, new_app
from bokeh_common.http.auth import Authenticator, Principal
from bokeh_common.storage import RecordStore, open_records


@dataclass(frozen=True)
class Dependencies:
    """What the service needs of the world."""

    settings: Settings
    records: RecordStore = field(repr=False)


def create_app(given: Dependencies) -> App:
    """Make the app from ready objects."""
    domain = Domain.on(Records(given.records))
    # The one place that decides between the two modes.
    people = Keyed(domain) if given.settings.accounts else Keyless(domain.views)
    introspection = Introspection(people, Services({}))

    def introspect(token: str | None) -> Principal | None:
        holder = introspection.holder(token)
        return None if holder is None else Principal(holder.user_id, frozenset(holder.scopes), holder.only)

    app = new_app(Authenticator(introspect), {"storage": domain.records.ping})
    app.add_route("/whoami", resources.WhoAmI())
    app.add_route("/internal/auth/introspection", resources.Introspect(introspection))
    app.add_route("/internal/auth/view-tokens", resources.ViewTokens(domain.views))
    return app


def get_app() -> App:
    """Make the app from the environment, for a WSGI server."""
    settings = Settings.from_env(os.environ)
    return create_app(Dependencies(settings, open_records(settings.storage, "auth")))
