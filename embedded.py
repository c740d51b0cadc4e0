"""The embedded cloud: all services in one process, wired together as compose.yaml wires containers."""

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from wsgiref.types import WSGIApplication

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
from bokeh_auth.credentials import SERVICE, new_secret
from bokeh_auth.scopes import SERVICE_SCOPES
from bokeh_common.http.gateway import Gateway
from bokeh_common.http.loopback import LoopbackOnly
from bokeh_common.http.peer import Peer
from bokeh_common.http.transport import WSGIAdapter
from bokeh_common.storage import open_blobs, open_records

#: Which service answers which paths; `/internal` is nobody's, so it cannot be reached from outside.
ROUTES = (
    (r"/whoami", "auth"),
    (r"/|/(u|static)/.*|/(plots|data|register|login|logout|account)(/.*)?|/health/(live|ready)", "web"),
    (r"/(?!internal/)[^/]+/(keys|account|audit)(/.*)?", "auth"),
    (r"/(?!internal/)[^/]+/(plots|objects|store|delete|clone)(/.*)?", "plots"),
    (r"/(?!internal/)[^/]+/data(/.*)?", "data"),
    (r"/(?!internal/)[^/]+/gc(/.*)?", "gc"),
    (r"/(?!internal(/|$)).*", "web"),  # it says that there is nothing, in a page
)

#: The services that keep what accounts have.
KEEPERS = ("plots", "data")

#: What the frame of a plot loads; it holds nothing of an account that its address does not tell.
OPEN_PATHS = r"/static/.*|/plots/[a-z2-7]{16}/extensions/[0-9a-f]{64}\.js"


def create_app(storage: str, auth: bokeh_auth.settings.Settings | None = None) -> WSGIApplication:
    """Make the whole cloud as one WSGI app.

    Args:
        storage: URL of the storage, such as `local:///var/lib/bokeh-cloud`.
        auth: settings of a cloud with accounts; without them it has no keys, and answers to this machine
        alone.

    Raises:
        CloudError: the storage cannot be used; the message says why.
    """
    auth = auth or bokeh_auth.settings.Settings(storage)
    apps = create_services(storage, auth)
    gateway = Gateway([(pattern, apps[name]) for pattern, name in ROUTES])
    if auth.accounts:
        return gateway
    return LoopbackOnly(gateway, OPEN_PATHS, auth.allow_remote, auth.allowed_hosts)


def keepers(storage: str, by: str = "auth") -> list[Peer]:
    """Return the plots and the data service on a storage, as `peers`."""
    return peers(storage, KEEPERS, by)


def peers(storage: str, names: Sequence[str], by: str, redis_url: str | None = None) -> list[Peer]:
    """Return services on a storage, asked in the name of another service.

    They run in this process, beside those that may serve from the same storage; raises as `create_app`.
    """
    tokens = new_tokens()
    apps = create_services(storage, bokeh_auth.settings.Settings(storage, redis_url=redis_url), tokens)
    return [Peer(f"http://{n}", WSGIAdapter(partial(apps.__getitem__, n)), tokens[by]) for n in names]


def new_tokens() -> dict[str, str]:
    """Return a token for each service."""
    return {name: new_secret(SERVICE) for name in SERVICE_SCOPES}


def create_services(
    storage: str,
    auth: bokeh_auth.settings.Settings,
    tokens: dict[str, str] | None = None,
) -> dict[str, WSGIApplication]:
    """Make the services' apps, by name; raises as `create_app`."""
    apps: dict[str, WSGIApplication] = {}
    # Each service has a token of its own, as anywhere; here it lives no longer than the process.
    tokens = tokens or new_tokens()

    def peer(name: str, of: str) -> Peer:
        return Peer(f"http://{name}", WSGIAdapter(lambda: apps[name]), tokens[of])

    environ = _environ(storage)
    shared: dict[str, Any] = {"proxied": auth.proxied, "redis_url": auth.redis_url}
    data, plots, web = bokeh_data.settings, bokeh_plots.settings, bokeh_web.settings
    apps["auth"] = bokeh_auth.app.create_app(
        bokeh_auth.app.Dependencies(
            settings=replace(auth, services=tokens),
            records=open_records(storage, "auth"),
            plots=peer("plots", "auth"),
            data=peer("data", "auth"),
        )
    )
    apps["data"] = bokeh_data.app.create_app(
        bokeh_data.app.Dependencies(
            settings=replace(data.Settings.from_env(environ), **shared),
            records=open_records(storage, "data"),
            blobs=open_blobs(storage, "data"),
            auth=peer("auth", "data"),
            plots=peer("plots", "data"),
        )
    )
    apps["plots"] = bokeh_plots.app.create_app(
        bokeh_plots.app.Dependencies(
            settings=replace(plots.Settings.from_env(environ), **shared),
            records=open_records(storage, "plots"),
            blobs=open_blobs(storage, "plots"),
            auth=peer("auth", "plots"),
            data=peer("data", "plots"),
        )
    )
    collecting = bokeh_gc.app.Dependencies(
        settings=replace(bokeh_gc.settings.Settings.from_env(environ), **shared),
        records=open_records(storage, "gc"),
        auth=peer("auth", "gc"),
        plots=peer("plots", "gc"),
        data=peer("data", "gc"),
    )
    apps["gc"] = bokeh_gc.app.create_app(collecting)
    apps["web"] = bokeh_web.app.create_app(
        bokeh_web.app.Dependencies(
            settings=replace(
                web.Settings.from_env(environ),
                accounts=auth.accounts,
                public_url=auth.public_url,
                **shared,
            ),
            auth=peer("auth", "web"),
            plots=peer("plots", "web"),
            data=peer("data", "web"),
            blobs=open_blobs(storage, "web"),
            gc=peer("gc", "web"),
        )
    )
    return apps


def _environ(storage: str) -> dict[str, str]:
    return {**os.environ, "BOKEH_CLOUD_STORAGE": storage}
