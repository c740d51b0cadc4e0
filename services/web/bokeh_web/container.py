"""The domain objects of the web service, built once at startup."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bokeh_common.http.auth.access import RemoteIntrospection
from bokeh_common.http.client.service_client import ServiceClient
from bokeh_common.storage import BlobStore
from bokeh_web.bokehjs.files import BokehJSFiles
from bokeh_web.bokehjs.versions import BokehJSVersions
from bokeh_web.client_wheel import ClientWheel, find_client_wheel, find_guide
from bokeh_web.clients.auth import AuthClient
from bokeh_web.clients.data import DataClient
from bokeh_web.clients.gc import GcClient
from bokeh_web.clients.plots import PlotsClient
from bokeh_web.live.event_streams import EventStreams
from bokeh_web.pages.assets import Assets
from bokeh_web.pages.guide import Guide
from bokeh_web.pages.operator_pages import OperatorPages
from bokeh_web.pages.renderer import PageRenderer, PageTheme
from bokeh_web.security.session_cookie import SessionCookie
from bokeh_web.settings import Settings
from bokeh_web.view_counter import ViewCounter


@dataclass(frozen=True)
class Dependencies:
    """What the service is given: settings, clients of the other services, and its storage.

    Attributes:
        settings: the operator's choices.
        auth: client of the auth service.
        plots: client of the plots service.
        data: client of the data service.
        gc: client of the garbage collector.
        blobs: storage of the versions of BokehJS that an operator added; None if there is none.
        is_one_process: whether the other services are in this process.
        may_adopt: returns whether the first account may take over plots that were made without accounts.
    """

    settings: Settings
    auth: ServiceClient = field(repr=False)
    plots: ServiceClient = field(repr=False)
    data: ServiceClient = field(repr=False)
    gc: ServiceClient = field(repr=False)
    blobs: BlobStore | None = field(default=None, repr=False)
    is_one_process: bool = False
    may_adopt: Callable[[], bool] | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Domain:
    """The domain objects."""

    settings: Settings
    introspection: RemoteIntrospection
    session_cookie: SessionCookie
    assets: Assets
    operator_pages: OperatorPages
    pages: PageRenderer
    bokehjs: BokehJSFiles
    auth: AuthClient
    plots: PlotsClient
    data: DataClient
    gc: GcClient
    views: ViewCounter
    event_streams: EventStreams
    client_wheel: ClientWheel | None
    guide: Guide
    may_adopt: Callable[[], bool] | None

    @classmethod
    def create(cls, dependencies: Dependencies) -> "Domain":
        """Build the domain objects.

        Raises:
            Invalid: a folder that the settings name does not exist.
        """
        settings = dependencies.settings
        introspection = RemoteIntrospection(dependencies.auth, settings.redis_url)
        cookie = SessionCookie(settings.public_url, settings.accounts)
        theme = PageTheme(settings.brand, Assets(settings.brand), OperatorPages(settings.pages))
        plots, wheel = PlotsClient(dependencies.plots), find_client_wheel()
        return cls(
            settings=settings,
            introspection=introspection,
            session_cookie=cookie,
            assets=theme.assets,
            operator_pages=theme.operator_pages,
            pages=PageRenderer(
                theme, cookie, introspection, settings.accounts, wheel.path if wheel else None
            ),
            bokehjs=BokehJSFiles(BokehJSVersions(settings.bokehjs, dependencies.blobs)),
            auth=AuthClient(dependencies.auth),
            plots=plots,
            data=DataClient(dependencies.data),
            gc=GcClient(dependencies.gc),
            views=ViewCounter(plots),
            event_streams=EventStreams(plots.changes, settings.redis_url, dependencies.is_one_process),
            client_wheel=wheel,
            guide=Guide(find_guide()),
            may_adopt=dependencies.may_adopt,
        )
