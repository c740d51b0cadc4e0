"""How a plot is displayed in a notebook: a link to its page, and its frame below."""

from html import escape

from bokeh_cloud.config import Configuration
from bokeh_cloud.plots.frame_size import FrameSize


def plot_html(title: str, url: str, frame_url: str, status: str, size: FrameSize) -> str:
    """Return the HTML of a plot.

    Args:
        title: of the plot.
        url: of its page.
        frame_url: of its frame.
        status: is displayed beside the link, such as the version.
        size: of the plot; a height that it does not have is that of the configuration.
    """
    link = f'<a href="{escape(url)}" target="_blank" rel="noopener">{escape(title)}</a>'
    width = f"{size.width}px; max-width: 100%" if size.width else "100%"
    height = size.height or Configuration.load().general.frame_height
    style = f"width: {width}; height: {height}px; border: 0"
    frame = f'<iframe src="{escape(frame_url)}" style="{style}" title="{escape(title)}"></iframe>'
    return f"<div>{link} &middot; {status}</div>{frame}"


def display(obj: object) -> None:
    """Display an object below the cell that is running; to be called within IPython only."""
    from IPython.display import display as ipython_display

    ipython_display(obj)  # type: ignore[no-untyped-call]  # IPython's
