"""Thumbnails that are rendered when publishing, by Bokeh's export: with selenium, a browser and its driver.

Without these, the server gets a thumbnail from the browser in which the owner first opens the plot.
"""

import io
import logging
from typing import Any

from bokeh.document import Document
from bokeh.model import Model

from bokeh_cloud.columns.stored_column import StoredColumn
from bokeh_cloud.connection import Connection
from bokeh_cloud.errors import CloudError
from bokeh_cloud.publishing.documents import Publishable, roots_of

MAX_SIZE = (960, 600)  # pixels; the server makes it smaller still
MAX_DATA_BYTES = 20_000_000  # Bokeh's export passes the data to the browser as text, in one page
RENDER_TIMEOUT = 10  # seconds

log = logging.getLogger(__name__)


def upload_thumbnail(connection: Connection, path: str, obj: Publishable, *, name: str, warn: bool) -> None:
    """Render an object and upload it as the thumbnail of its plot; errors are logged, not raised.

    Args:
        connection: to the server of the plot.
        path: of the thumbnail in the API.
        obj: what was published.
        name: of the plot, for the log.
        warn: log errors as warnings, rather than for debugging.
    """
    try:
        connection.request("PUT", path, data=_render_png(obj), headers={"Content-Type": "image/png"})
    except Exception as error:  # noqa: BLE001 - browser drivers raise anything, and the plot is published already
        level = logging.WARNING if warn else logging.DEBUG
        log.log(level, "No thumbnail of %s: %s", name, " ".join(str(error).split()))


def _render_png(obj: Publishable) -> bytes:
    """Return a PNG of an object; of several, of the first one."""
    from bokeh.io.export import get_screenshot_as_png

    roots = roots_of(obj)
    size = _data_size({model for root in roots for model in root.references()})
    if size > MAX_DATA_BYTES:
        raise CloudError(f"it has {size:,} bytes of data, and the limit for thumbnails is {MAX_DATA_BYTES:,}")
    rendered: Any = obj if isinstance(obj, Document) else roots[0]
    image = get_screenshot_as_png(rendered, timeout=RENDER_TIMEOUT)
    image.thumbnail(MAX_SIZE)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def _data_size(models: set[Model]) -> int:
    sources = (getattr(model, "data", None) for model in models)
    columns = (values for data in sources if isinstance(data, dict) for values in data.values())
    return sum(_size_of(values) for values in columns)


def _size_of(values: Any) -> int:
    if isinstance(values, StoredColumn):
        return values.size
    return int(getattr(values, "nbytes", 0)) or 8 * len(values)
