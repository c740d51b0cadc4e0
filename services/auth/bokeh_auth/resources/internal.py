"""The routes for other services about tokens in general; the gateway does not route them."""

from falcon.asgi import Request, Response

from bokeh_auth.container import Domain
from bokeh_auth.credentials.cleanup import CredentialCleanup
from bokeh_auth.introspection import Introspection
from bokeh_auth.resources import schemas
from bokeh_common.errors import NotFound
from bokeh_common.http.auth.access import Access
from bokeh_common.http.request_body import read_body, read_query
from bokeh_common.http.server.thread_pools import STORAGE

COLLECT = Access(None, service="internal:collect")


class TokenIntrospection:
    """`POST /internal/auth/introspection`."""

    access = {"POST": Access(None, service="internal:introspect")}

    def __init__(self, introspection: Introspection) -> None:
        self._introspection = introspection

    async def on_post(self, req: Request, resp: Response) -> None:
        """Return whose token it is, and what it grants (RFC 7662)."""
        body = await read_body(req, schemas.MAX_JSON_BYTES, schemas.IntrospectionRequest)
        resp.media = await self._introspection.introspect(body.token, req.context.client_address)


class NewViewToken:
    """`POST /internal/auth/view-tokens`."""

    access = {"POST": Access(None, service="internal:view-tokens")}

    def __init__(self, domain: Domain) -> None:
        self._domain = domain

    async def on_post(self, req: Request, resp: Response) -> None:
        """Create a view token for a plot; one for a reader with a share link depends on that."""
        body = await read_body(req, schemas.MAX_JSON_BYTES, schemas.ViewTokenRequest)
        share = await STORAGE.run(self._share_id, body.share) if body.share else None
        create = self._domain.view_tokens.create
        token = await STORAGE.run(create, body.user_id, body.plot, share, body.grant)
        resp.media = {"token": token}

    def _share_id(self, token: str) -> str:
        share = self._domain.credentials.verify(token)
        if share is None:  # it was revoked while the page was made
            raise NotFound("There is nothing here for this share link; ask for a new one.")
        return share.id


class ExpiredCredentials:
    """`GET` and `POST /internal/auth/expired`."""

    access = {"GET": COLLECT, "POST": COLLECT}

    def __init__(self, cleanup: CredentialCleanup) -> None:
        self._cleanup = cleanup

    async def on_get(self, req: Request, resp: Response) -> None:
        """List all share links, page by page, since those of plots that do not exist are garbage, too."""
        query = read_query(req, schemas.ExpiredQuery)
        shares, after = await STORAGE.run(self._cleanup.shares, query.after)
        resp.media = {"shares": shares, "after": after}

    async def on_post(self, req: Request, resp: Response) -> None:
        """Delete expired credentials, unless this is a dry run; return how many there were, by kind."""
        body = await read_body(req, schemas.MAX_JSON_BYTES, schemas.PurgeRequest)
        resp.media = await STORAGE.run(self._cleanup.purge, body.dry_run, set(body.shares))
