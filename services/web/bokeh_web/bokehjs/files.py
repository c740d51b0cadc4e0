"""The files of BokehJS that this service serves, cached in memory."""

import time
from collections.abc import Sequence

from cachetools import LRUCache

from bokeh_common.errors import NotFound
from bokeh_common.http.server.thread_pools import COMPUTE, STORAGE
from bokeh_web.bokehjs.versions import FILE, BokehJSVersions
from bokeh_web.pages.assets import StaticFile, static_file

LIST_SECONDS = 60
MAX_CACHED_FILES = 48


class BokehJSFiles:
    """The files of all versions, and which versions there are."""

    def __init__(self, versions: BokehJSVersions) -> None:
        self._versions = versions
        self._listed: Sequence[str] = ()
        self._expires_at = 0.0
        self._files: LRUCache[tuple[str, str], StaticFile] = LRUCache(MAX_CACHED_FILES)

    async def versions(self) -> Sequence[str]:
        """Return the versions, from the oldest to the newest.

        Versions can be added while servers run, which notice it within a minute.
        """
        if time.monotonic() >= self._expires_at:
            self._listed = await STORAGE.run(self._versions.list)
            self._expires_at = time.monotonic() + LIST_SECONDS
        return self._listed

    async def read(self, version: str, name: str) -> StaticFile:
        """Return a file of a version, such as `bokeh-widgets.min.js`.

        Raises:
            NotFound: this server does not have the version, or the version does not have the file.
        """
        file = self._files.get((version, name))
        return file or await self._load(version, name)

    async def _load(self, version: str, name: str) -> StaticFile:
        versions = await self.versions()
        if not FILE.fullmatch(name) or version not in versions:
            raise NotFound(f"This server has no BokehJS {version}; it has {', '.join(versions) or 'none'}.")
        content = await STORAGE.run(self._versions.content, version, name)
        file = self._files[version, name] = await COMPUTE.run(static_file, name, content)
        return file
