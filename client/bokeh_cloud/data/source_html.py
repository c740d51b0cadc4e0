"""How a data source is displayed in a notebook: a link to its page, and its columns below."""

from collections.abc import Mapping
from html import escape

from bokeh_cloud.columns.stored_column import StoredColumn

MAX_COLUMNS = 20


def source_html(name: str, url: str, kind: str, columns: Mapping[str, StoredColumn]) -> str:
    """Return the HTML of a source; no values are fetched.

    Args:
        name: of the source.
        url: of its page.
        kind: is displayed beside the link, such as the version.
        columns: by name.
    """
    link = f'<a href="{escape(url)}" target="_blank" rel="noopener">{escape(name)}</a>'
    rows = [_row(column, stored) for column, stored in list(columns.items())[:MAX_COLUMNS]]
    more = len(columns) - len(rows)
    rest = f"<div>and {more} more columns</div>" if more > 0 else ""
    head = "<thead><tr><th>column</th><th>dtype</th><th>rows</th></tr></thead>"
    return (
        f"<div>{link} &middot; {escape(kind)}</div><table>{head}<tbody>{''.join(rows)}</tbody></table>{rest}"
    )


def _row(name: str, column: StoredColumn) -> str:
    rows = "" if column.is_packed else f"{column.length:,}"  # that of a packed column is in its values
    return f"<tr><td>{escape(name)}</td><td>{escape(column.dtype)}</td><td>{rows}</td></tr>"
