"""The embedded cloud: all services in one process, connected like the containers of compose.yaml."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import bokeh_auth.app
import bokeh_auth.settings
import bokeh_data.app
import bokeh_data.settings
import bokeh_gc.app
import bokeh_gc.settings
import bokeh_plots.app
import bokeh_plots.settings
import bokeh_web.app
import bokeh_web.settings
from bokeh_auth.credentials.scopes import SERVICE_SCOPES
from bokeh_auth.credentials.secret import SERVICE, new_secret
from bokeh_cloud_server.adopt import first_account_may_adopt
from bokeh_cloud_server.loopback_guard import LoopbackGuard
from bokeh_cloud_server.path_router import PathRouter
from bokeh_common.http.app import App
from bokeh_common.http.client.app_transport import AppTransport
from bokeh_common.http.client.service_client import ServiceClient
from bokeh_common.http.server.served_app import ASGIApp
from bokeh_common.storage import open_blobs, open_records

#: The service of each path, like the gateway's table. `/internal` has none, so clients cannot reach it.
ROUTES = (
    (r"/whoami", "auth"),
    (
        r"/|/(u|static|simple|docs)/.*|/(plots|data|register|login|logout|account)(/.*)?"
        r"|/health/(live|ready)|/metrics",
        "web",
    ),
    (r"/(?!internal/)[^/]+/(keys|account|audit)(/.*)?", "auth"),
    (r"/(?!internal/)[^/]+/(plots|objects|store|delete|clone)(/.*)?", "plots"),
    (r"/(?!internal/)[^/]+/data(/.*)?", "data"),
    (r"/(?!internal/)[^/]+/gc(/.*)?", "gc"),
    (r"/(?!internal(/|$)).*", "web"),  # responds with a page that nothing was found
)

#: The services that store data of accounts.
DATA_SERVICES = ("plots", "data")

#: Paths that frames load, as a regular expression; they contain nothing that their URL does not reveal.
OPEN_PATHS = r"/static/.*|/plots/[a-z2-7]{16}/extensions/[0-9a-f]{64}\.js"


def create_app(storage: str, auth: bokeh_auth.settings.Settings | None = None) -> ASGIApp:
    """Create the whole cloud as one ASGI app.

    Args:
        storage: the URL of the storage, such as `local:///var/lib/bokeh-cloud`.
        auth: the settings of the auth service; by default, those of a cloud without accounts. Without
            accounts, the app serves requests of this machine only.

    Raises:
        CloudError: the storage cannot be used, or a setting is not valid.
    """
    auth = auth or bokeh_auth.settings.Settings(storage)
    apps = create_services(storage, auth)
    router = PathRouter(ROUTES, apps)
    if auth.accounts:
        return router
    return LoopbackGuard(router, OPEN_PATHS, auth.allow_remote, auth.allowed_hosts)


def data_services(storage: str, caller: str = "auth") -> list[ServiceClient]:
    """Return clients of the plots and the data service; see `service_clients`."""
    return service_clients(storage, DATA_SERVICES, caller)


def service_clients(
    storage: str, names: Sequence[str], caller: str, redis_url: str | None = None
) -> list[ServiceClient]:
    """Return clients with which one service, the caller, can call others, for commands.

    The services are created in this process. Other processes may use the storage at the same time.

    Raises:
        CloudError: as in `create_app`.
    """
    auth = bokeh_auth.settings.Settings(storage, redis_url=redis_url)
    factory = _ServiceFactory(storage, auth, new_tokens())
    factory.create_without_pages()
    return [factory.client(name, caller) for name in names]


def new_tokens() -> dict[str, str]:
    """Return a new token for each service."""
    return {name: new_secret(SERVICE) for name in SERVICE_SCOPES}


def create_services(
    storage: str,
    auth: bokeh_auth.settings.Settings,
    tokens: dict[str, str] | None = None,
    *,
    pages: bool = True,
) -> dict[str, App]:
    """Create the apps of all services, and return them by name.

    Args:
        storage: the URL of the storage.
        auth: the settings of the auth service.
        tokens: the tokens of the services; by default, new ones.
        pages: whether the web service is one of them, which takes most of the time.

    Raises:
        CloudError: as in `create_app`.
    """
    factory = _ServiceFactory(storage, auth, tokens or new_tokens())
    return factory.create_all() if pages else factory.create_without_pages()


@dataclass
class _ServiceFactory:
    """Creates services that call each other without a network.

    Attributes:
        storage: the URL of the storage.
        auth: the settings of the auth service.
        tokens: the tokens of the services, by name.
        apps: the apps created so far, by name.
    """

    storage: str
    auth: bokeh_auth.settings.Settings
    tokens: dict[str, str] = field(repr=False)
    apps: dict[str, App] = field(default_factory=dict)

    def create_all(self) -> dict[str, App]:
        """Create all services, and return their apps."""
        self.create_without_pages()
        self.apps["web"] = self._web()
        return self.apps

    def create_without_pages(self) -> dict[str, App]:
        """Create all services but the web service, which no other one calls, and return their apps."""
        self.apps["data"] = self._data()
        self.apps["plots"] = self._plots()
        self.apps["gc"] = self._gc()
        self.apps["auth"] = self._auth()
        return self.apps

    def client(self, name: str, caller: str) -> ServiceClient:
        """Return a client of a service, which need not be created yet, for another service."""
        return ServiceClient(f"http://{name}", AppTransport(lambda: self.apps[name]), self.tokens[caller])

    def _auth(self) -> App:
        dependencies = bokeh_auth.app.Dependencies(
            settings=replace(self.auth, services={token: name for name, token in self.tokens.items()}),
            records=open_records(self.storage, "auth"),
            plots=self.client("plots", "auth"),
            data=self.client("data", "auth"),
        )
        return bokeh_auth.app.create_app(dependencies)

    def _data(self) -> App:
        dependencies = bokeh_data.app.Dependencies(
            settings=self._settings(bokeh_data.settings.Settings),
            records=open_records(self.storage, "data"),
            blobs=open_blobs(self.storage, "data"),
            auth=self.client("auth", "data"),
            plots=self.client("plots", "data"),
        )
        return bokeh_data.app.create_app(dependencies)

    def _plots(self) -> App:
        dependencies = bokeh_plots.app.Dependencies(
            settings=self._settings(bokeh_plots.settings.Settings),
            records=open_records(self.storage, "plots"),
            blobs=open_blobs(self.storage, "plots"),
            auth=self.client("auth", "plots"),
            data=self.client("data", "plots"),
        )
        return bokeh_plots.app.create_app(dependencies)

    def _gc(self) -> App:
        dependencies = bokeh_gc.app.Dependencies(
            settings=self._settings(bokeh_gc.settings.Settings),
            records=open_records(self.storage, "gc"),
            auth=self.client("auth", "gc"),
            plots=self.client("plots", "gc"),
            data=self.client("data", "gc"),
        )
        return bokeh_gc.app.create_app(dependencies)

    def _web(self) -> App:
        settings = self._settings(bokeh_web.settings.Settings)
        dependencies = bokeh_web.app.Dependencies(
            settings=replace(settings, accounts=self.auth.accounts, public_url=self.auth.public_url),
            auth=self.client("auth", "web"),
            plots=self.client("plots", "web"),
            data=self.client("data", "web"),
            blobs=open_blobs(self.storage, "web"),
            gc=self.client("gc", "web"),
            is_one_process=True,
            may_adopt=partial(first_account_may_adopt, self.storage) if self.auth.accounts else None,
        )
        return bokeh_web.app.create_app(dependencies)

    def _settings(self, kind: Any) -> Any:
        """Return the settings of a service, from environment variables and those of the auth service."""
        environ = {**os.environ, "BOKEH_CLOUD_STORAGE": self.storage}
        return replace(kind.from_env(environ), proxied=self.auth.proxied, redis_url=self.auth.redis_url)
