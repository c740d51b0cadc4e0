"""The web service's HTTP application: all of its routes."""

import os
from functools import partial
from typing import Any

from bokeh_common.http.app import App, blocking_check, new_app
from bokeh_common.http.auth.access import Authenticator
from bokeh_common.http.client.service_client import ServiceClient
from bokeh_common.http.context.client_address import ClientAddressMiddleware
from bokeh_common.http.openapi.generator import describe
from bokeh_common.http.openapi.operations import Api
from bokeh_common.http.server.served_app import ServedApp
from bokeh_common.http.server.thread_pools import COMPUTE
from bokeh_common.storage import open_blobs
from bokeh_web.api_description import ApiDescription
from bokeh_web.container import Dependencies, Domain
from bokeh_web.pages.error_pages import ErrorPages
from bokeh_web.resources import (
    account,
    credentials,
    data_sources,
    device_login,
    downloads,
    home,
    login,
    oembed,
    plot_actions,
    plot_list,
    plot_page,
    static_files,
    unused_data,
    uploads,
)
from bokeh_web.resources.help import api_docs, client_packages, guide
from bokeh_web.security.security_headers import SecurityHeaders
from bokeh_web.security.session_cookie import SessionMiddleware
from bokeh_web.settings import Settings

__all__ = ["Dependencies", "create_app", "get_app"]

API = Api("web")


def create_app(dependencies: Dependencies) -> App:
    """Create the application from settings, storage and service clients."""
    domain, settings = Domain.create(dependencies), dependencies.settings
    blobs = dependencies.blobs
    checks = {} if blobs is None else {"storage": blocking_check(partial(blobs.list, limit=1))}
    services = {
        "auth": dependencies.auth.check_health,
        "plots": dependencies.plots.check_health,
        "data": dependencies.data.check_health,
    }
    authenticator = Authenticator(domain.introspection)
    app = new_app(authenticator, checks, API, ClientAddressMiddleware(settings.proxied), services)
    app.add_middleware(domain.views)
    app.add_middleware(SecurityHeaders(settings.public_url))
    app.add_middleware(ErrorPages(domain.pages, domain.session_cookie))
    _add_pages(app, domain)
    _add_plot_pages(app, domain)
    app.add_route("/docs", guide.GuideIndexResource(domain))
    app.add_route("/docs/{page}", guide.GuidePageResource(domain))
    _add_api_docs(app, domain, dependencies)
    if settings.accounts:
        app.add_middleware(SessionMiddleware(domain.session_cookie))
        _add_account_pages(app, domain)
    return app


def _add_pages(app: App, domain: Domain) -> None:
    app.add_route("/", home.HomePage(domain))
    app.add_route("/u/{name}", home.ProfilePage(domain))
    for name in ("terms", "privacy", "imprint"):
        app.add_route(f"/{name}", home.OperatorPage(domain))
    app.add_route("/plots", plot_list.PlotListPage(domain))
    app.add_route("/plots/selection", plot_list.PlotSelectionAction(domain))
    app.add_route("/data", data_sources.DataListPage(domain))
    app.add_route("/data/upload", uploads.UploadPage(domain))
    app.add_route("/data/upload/preview", uploads.UploadPreviewResource(domain))
    app.add_route("/data/{source}", data_sources.DataSourcePage(domain))
    app.add_route("/data/{source}/download/{form}", data_sources.DataDownloadResource(domain))
    app.add_route("/data/{source}/rename", data_sources.RenameDataSourceAction(domain))
    app.add_route("/data/{source}/rollback", data_sources.RollbackDataSourceAction(domain))
    app.add_route("/data/{source}/delete", data_sources.DeleteDataSourcePage(domain))
    app.add_route("/simple/", client_packages.PackageIndexResource(domain))
    app.add_route("/simple/{project}/", client_packages.PackageFilesResource(domain))
    app.add_route("/simple/{project}/{file}", client_packages.PackageFileResource(domain))
    app.add_route("/oembed", oembed.OEmbedResource(domain))
    app.add_route("/static/bokehjs/{version}/{name}", static_files.BokehJSResource(domain))
    app.add_route("/static/assets/{name}", static_files.AssetResource(domain))


def _add_plot_pages(app: App, domain: Domain) -> None:
    app.add_route("/plots/{plot}/show", plot_page.ShowPlotPage(domain))
    app.add_route("/plots/{plot}/embed", plot_page.FramePage(domain))
    app.add_route("/plots/{plot}/events", plot_page.PlotEventsResource(domain))
    app.add_route("/plots/{plot}/embed.js", static_files.EmbedScriptResource(domain))
    app.add_route("/plots/{plot}/extensions/{name}.js", static_files.ExtensionScriptResource(domain))
    app.add_route("/plots/{plot}/download.html", downloads.StandalonePage(domain))
    app.add_route("/plots/{plot}/data/{source}/{form}", downloads.PlotDataResource(domain))
    app.add_route("/plots/{plot}/thumbnail.png", plot_actions.ThumbnailImageResource(domain))
    app.add_route("/plots/{plot}/thumbnail", plot_actions.ThumbnailUploadResource(domain))
    app.add_route("/plots/{plot}/settings", plot_actions.PlotSettingsAction(domain))
    app.add_route("/plots/{plot}/clone", plot_actions.CloneAction(domain))
    app.add_route("/plots/{plot}/rollback", plot_actions.RollbackAction(domain))
    app.add_route("/plots/{plot}/versions/delete", plot_actions.DeleteVersionAction(domain))


def _add_api_docs(app: App, domain: Domain, dependencies: Dependencies) -> None:
    async def describe_own() -> dict[str, Any]:
        await domain.data.download_formats()  # some descriptions contain those
        return await COMPUTE.run(describe, API, app.routes)

    services = [dependencies.auth, dependencies.plots, dependencies.data, dependencies.gc]
    description = ApiDescription(services, describe_own, dependencies.settings.public_url)
    docs = api_docs.ApiDocs(domain.pages, description)
    app.add_route("/openapi.json", api_docs.OpenAPIResource(docs))
    app.add_route("/docs/api", api_docs.ApiDocsPage(docs))
    app.add_route("/problems", api_docs.ProblemListPage(docs))
    app.add_route("/problems/{slug}", api_docs.ProblemPage(docs))


def _add_account_pages(app: App, domain: Domain) -> None:
    app.add_route("/register", login.RegisterPage(domain))
    app.add_route("/login", login.LoginPage(domain))
    app.add_route("/login/device", device_login.DeviceLoginPage(domain))
    app.add_route("/login/device/code", device_login.DeviceCodes(domain))
    app.add_route("/login/device/token", device_login.DeviceTokens(domain))
    app.add_route("/login/{token}", login.OneTimeLinkPage(domain))
    app.add_route("/logout", login.LogoutAction(domain))
    app.add_route("/account", account.AccountPage(domain))
    app.add_route("/account/export", account.ExportDownloadResource(domain))
    app.add_route("/account/activity", account.ActivityPage(domain))
    app.add_route("/account/delete", account.DeleteAccountAction(domain))
    app.add_route("/account/unused", unused_data.UnusedDataPage(domain))
    app.add_route("/account/unused/free", unused_data.FreeUnusedDataAction(domain))
    app.add_route("/account/keys", credentials.ApiKeysPage(domain))
    app.add_route("/account/keys/{key}/revoke", credentials.RevokeKeyAction(domain))
    app.add_route("/account/sessions", credentials.SessionsPage(domain))
    app.add_route("/account/sessions/{session}/end", credentials.EndSessionAction(domain))
    app.add_route("/account/shares", credentials.ShareLinksPage(domain))
    app.add_route("/plots/{plot}/shares", plot_actions.NewShareLinkAction(domain))
    app.add_route("/plots/{plot}/shares/{share}/revoke", plot_actions.RevokeShareLinkAction(domain))


def get_app() -> ServedApp:
    """Create the application from environment variables, for a server."""
    settings = Settings.from_env(os.environ)
    dependencies = Dependencies(
        settings=settings,
        auth=ServiceClient(settings.auth_url, token=settings.service_token),
        plots=ServiceClient(settings.plots_url, token=settings.service_token),
        data=ServiceClient(settings.data_url, token=settings.service_token),
        gc=ServiceClient(settings.gc_url, token=settings.service_token),
        blobs=open_blobs(settings.storage, "web") if settings.storage else None,
    )
    return ServedApp(create_app(dependencies))
