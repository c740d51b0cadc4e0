"""How a plot looks in a notebook: its link, and its frame."""

from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING

from .config import Configuration
from .errors import CloudError

if TYPE_CHECKING:
    from .plot import Plot

#: A private plot is shown in its owner's notebook by a share link of this age; the notebook's file keeps the
#: link, so it shall be worth nothing soon.
SHOWN_FOR = timedelta(hours=1)


def html_of(plot: "Plot") -> str:
    """Return a link to the plot's page, and its frame below.

    A frame in another site's page gets no cookie, so that of a private plot carries a share link.
    """
    link = f'<a href="{escape(plot.url)}" target="_blank" rel="noopener">{escape(plot.title)}</a>'
    note = f"{link} &middot; version {plot.version}, {plot.visibility}"
    height = Configuration.load().general.frame_height
    style = f"width: 100%; height: {height}px; border: 0"
    frame = (
        f'<iframe src="{escape(_frame_address(plot))}" style="{style}" title="{escape(plot.title)}"></iframe>'
    )
    return f"<div>{note}</div>{frame}"


def display(plot: "Plot") -> None:
    """Show a plot below the cell that is running."""
    from IPython.display import display as show  # only called within IPython

    show(plot)  # type: ignore[no-untyped-call]  # IPython's


def _frame_address(plot: "Plot") -> str:
    if plot.visibility != "private":
        return plot.embed_url
    try:
        return plot.share(SHOWN_FOR).embed_url or plot.embed_url
    except CloudError:  # a server without accounts has no shares and needs none; or the key may not share
        return plot.embed_url
