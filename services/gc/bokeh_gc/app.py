"""The garbage collector's HTTP side: the routes, top to bottom."""

import os
from dataclasses import dataclass

from bokeh_common.http.app import App, new_app
from bokeh_common.http.auth import Authenticator, PeerIntrospection
from bokeh_common.http.operations import Api
from bokeh_common.http.peer import Peer

API = Api("gc")


@dataclass(frozen=True)
class Dependencies:
    """What the service needs of the world."""

    auth: Peer


def create_app(given: Dependencies) -> App:
    """Make the app from ready objects."""
    return new_app(Authenticator(PeerIntrospection(given.auth)), {}, API)


def get_app() -> App:
    """Make the app from the environment, for a WSGI server."""
    url = os.environ.get("BOKEH_CLOUD_AUTH_URL", "http://auth:8000")
    return create_app(Dependencies(auth=Peer(url, token=os.environ.get("BOKEH_CLOUD_SERVICE_TOKEN"))))
