"""A picture of what is published, drawn where Bokeh can export: with selenium, a browser and its driver.

Without one, the server gets its picture from the browser in which the owner first looks at the plot.
"""

import io
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from bokeh.document import Document
from bokeh.model import Model

from .connection import Connection
from .documents import roots_of
from .errors import CloudError
from .stored import StoredColumn

if TYPE_CHECKING:
    from .documents import Publishable
    from .plot import Plot

SIZE = (960, 600)  # pixels; the server makes it smaller still
MOST_BYTES = 20_000_000  # of data: a browser here would take them as text, in one page
SECONDS = 10  # for the browser to draw it

log = logging.getLogger(__name__)


def send(connection: Connection, plot: "Plot", obj: "Publishable", *, loud: bool) -> None:
    """Draw an object and send it as the picture of its plot; what goes wrong only leaves it without one.

    Args:
        connection: to the server of the plot.
        plot: where the object was published.
        obj: what was published.
        loud: warn where there is no picture, and say why.
    """
    try:
        path = f"/{quote(plot.user_id)}/plots/{quote(plot.id)}/thumbnail?version={plot.version}"
        connection.request("PUT", path, data=_drawn(obj), headers={"Content-Type": "image/png"})
    except Exception as error:  # noqa: BLE001 - a picture is not worth a publication, whatever a browser raises
        level = logging.WARNING if loud else logging.DEBUG
        log.log(level, "No picture of %s: %s", plot.name, " ".join(str(error).split()))


def _drawn(obj: "Publishable") -> bytes:
    """Return a PNG of an object; of several, of the first one."""
    from bokeh.io.export import get_screenshot_as_png

    roots = roots_of(obj)
    size = _size_of_data({model for root in roots for model in root.references()})
    if size > MOST_BYTES:
        raise CloudError(f"it has {size:,} bytes of data, and pictures are drawn of {MOST_BYTES:,} at most")
    drawn: Any = obj if isinstance(obj, Document) else roots[0]
    picture = get_screenshot_as_png(drawn, timeout=SECONDS)
    picture.thumbnail(SIZE)
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return stream.getvalue()


def _size_of_data(models: set[Model]) -> int:
    sources = (getattr(model, "data", None) for model in models)
    columns = (values for data in sources if isinstance(data, dict) for values in data.values())
    return sum(_size_of(values) for values in columns)


def _size_of(values: Any) -> int:
    if isinstance(values, StoredColumn):
        return values.size
    return int(getattr(values, "nbytes", 0)) or 8 * len(values)
