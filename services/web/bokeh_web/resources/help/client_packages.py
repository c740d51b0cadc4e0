"""The package index of the cloud, which contains its Python client: PEP 503 in HTML, PEP 691 in JSON."""

import html
import json
from typing import Any

import falcon
from falcon.asgi import Request, Response

from bokeh_common.errors import NotFound
from bokeh_common.http.auth.access import OPEN
from bokeh_common.http.openapi.operations import Operation, ResponseSpec
from bokeh_common.http.server.thread_pools import COMPUTE
from bokeh_web.client_wheel import PROJECT, ClientWheel
from bokeh_web.resources.base import WebResource

INDEX_HTML = "application/vnd.pypi.simple.v1+html"
INDEX_JSON = "application/vnd.pypi.simple.v1+json"
INDEX_MEDIA = (falcon.MEDIA_HTML, INDEX_HTML, INDEX_JSON)

WHEEL_MEDIA = "application/octet-stream"

#: Pages of an index contain links and nothing else.
INDEX_POLICY = "default-src 'none'; frame-ancestors 'none'"

PAGE = '<!DOCTYPE html>\n<html><head><meta name="pypi:repository-version" content="1.0">' + (
    "<title>{title}</title></head><body>\n{links}</body></html>\n"
)

INDEX = Operation({200: ResponseSpec(str, INDEX_MEDIA)}, problems=("not-found",))


class PackageResource(WebResource):
    """A resource of the package index."""

    def _wheel(self) -> ClientWheel:
        """Return the wheel of the client; raise `NotFound` if this service has none."""
        wheel = self._domain.client_wheel
        if wheel is None:
            raise NotFound("The client is not installed beside this server. Install it from its source code.")
        return wheel


class PackageIndexResource(PackageResource):
    """`GET /simple/`."""

    access = {"GET": OPEN}
    describe = {"GET": INDEX}

    async def on_get(self, req: Request, resp: Response) -> None:
        """List the packages of this index: the Python client."""
        self._wheel()
        _respond(req, resp, "Packages", {PROJECT: f"/simple/{PROJECT}/"}, {"projects": [{"name": PROJECT}]})


class PackageFilesResource(PackageResource):
    """`GET /simple/{project}/`."""

    access = {"GET": OPEN}
    describe = {"GET": INDEX}

    async def on_get(self, req: Request, resp: Response, project: str) -> None:
        """List the files of the Python client, with their hashes."""
        wheel = self._wheel()
        if project != PROJECT:
            raise NotFound(f"This index contains {PROJECT} only.")
        sha256 = await COMPUTE.run(lambda: wheel.sha256)
        file = {
            "filename": wheel.file_name,
            "url": wheel.path,
            "hashes": {"sha256": sha256},
            "requires-python": wheel.requires_python,
            "size": len(wheel.content),
        }
        values = {"name": PROJECT, "versions": [wheel.version], "files": [file]}
        links = {wheel.file_name: f"{wheel.path}#sha256={sha256}"}
        _respond(req, resp, PROJECT, links, values, wheel.requires_python)


class PackageFileResource(PackageResource):
    """`GET /simple/{project}/{file}`."""

    access = {"GET": OPEN}
    describe = {"GET": Operation({200: ResponseSpec(bytes, (WHEEL_MEDIA,))}, problems=("not-found",))}

    async def on_get(self, req: Request, resp: Response, project: str, file: str) -> None:
        """Send the wheel of the Python client."""
        wheel = self._wheel()
        if (project, file) != (PROJECT, wheel.file_name):
            raise NotFound(f"There is no such file. This cloud offers {wheel.path}.")
        resp.content_type = WHEEL_MEDIA
        resp.set_header("Cache-Control", "no-cache")
        resp.data = await COMPUTE.run(lambda: wheel.content)


def _respond(
    req: Request,
    resp: Response,
    title: str,
    links: dict[str, str],
    values: dict[str, Any],
    requires_python: str = "",
) -> None:
    """Respond with a page of links or with the same as JSON, as the client prefers."""
    resp.set_header("Vary", "Accept")
    resp.set_header("Cache-Control", "no-cache")
    chosen = req.client_prefers(INDEX_MEDIA) or falcon.MEDIA_HTML
    resp.content_type = chosen
    if chosen == INDEX_JSON:
        resp.text = json.dumps({"meta": {"api-version": "1.0"}, **values})
        return
    resp.set_header("Content-Security-Policy", INDEX_POLICY)
    attribute = f' data-requires-python="{html.escape(requires_python)}"' if requires_python else ""
    items = (
        f'<a href="{html.escape(url)}"{attribute}>{html.escape(text)}</a><br>\n'
        for text, url in links.items()
    )
    resp.text = PAGE.format(title=html.escape(title), links="".join(items))
