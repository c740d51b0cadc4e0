"""The columns that versions of plots draw, cached, as a scene has to be parsed to find them."""

import json
from collections.abc import Mapping
from threading import Lock
from typing import Any

from cachetools import LRUCache

from bokeh_common.http.server.thread_pools import STORAGE, compute
from bokeh_plots.documents.drawn_columns import DrawnColumns, find_drawn_columns
from bokeh_plots.documents.live_columns import live_ids
from bokeh_plots.plots.plots import Plot, Plots

#: How many names and hashes are cached, of at most 1 KB each and mostly less than 100 bytes.
CACHE_WEIGHT = 200_000


class DrawnColumnsCache:
    """Finds the columns that versions of plots draw."""

    def __init__(self, plots: Plots) -> None:
        self._plots = plots
        self._cache: LRUCache[str, DrawnColumns] = LRUCache(CACHE_WEIGHT, lambda one: one.weight)
        self._lock = Lock()

    async def get(self, plot: Plot, manifest: Mapping[str, Any]) -> DrawnColumns:
        """Return the columns that the version with this manifest draws."""
        if not live_ids(manifest["sources"]):
            return DrawnColumns(frozenset(manifest["columns"]), {}, frozenset())
        key = plot.find(manifest["version"]).manifest
        with self._lock:
            found = self._cache.get(key)
        return found or await self._find(plot, manifest, key)

    async def _find(self, plot: Plot, manifest: Mapping[str, Any], key: str) -> DrawnColumns:
        stored = await STORAGE.run(self._plots.scene, plot, dict(manifest))
        found = await compute(len(stored), lambda: find_drawn_columns(json.loads(stored), manifest))
        with self._lock:
            if found.weight <= CACHE_WEIGHT:
                self._cache[key] = found
        return found
