"""The guide of the Python client: Markdown that comes with the client which this cloud offers."""

import itertools
import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bokeh_common.errors import NotFound

INDEX = "README"

#: A link to another page of the guide, perhaps to one of its headings.
PAGE_LINK = re.compile(r"([a-z-]+|README)\.md(#.*)?")

#: An item of the list of pages.
LISTED_PAGE = re.compile(r"^\* \[[^]]+\]\(([a-z-]+)\.md\)", re.MULTILINE)

#: The line that installs the client from the server in the reader's copy of the guide.
WHEEL_URL = re.compile(r"http://localhost:5006/simple/bokeh-cloud/[\w.-]+\.whl")


@dataclass(frozen=True)
class GuidePage:
    """A page; its `html` is safe, since HTML in the Markdown is escaped."""

    name: str
    title: str
    html: str

    @property
    def path(self) -> str:
        """The path of its URL."""
        return "/docs" if self.name == INDEX else f"/docs/{self.name}"


class Guide:
    """The pages of the guide, in the order of its index."""

    def __init__(self, folder: Path | None) -> None:
        """Render the pages.

        Args:
            folder: contains the Markdown files; None if the client is not installed beside this service.
        """
        documents = (
            {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.md")} if folder else {}
        )
        order = [INDEX, *LISTED_PAGE.findall(documents.get(INDEX, ""))]
        names = dict.fromkeys(name for name in order if name in documents)
        self._pages = {name: _render(name, documents[name]) for name in names}

    @property
    def pages(self) -> list[GuidePage]:
        """All pages, the index first."""
        return [*self._pages.values()]

    def get(self, name: str) -> GuidePage:
        """Return a page.

        Raises:
            NotFound: there is none.
        """
        if name not in self._pages:
            raise NotFound("The guide has no such page.")
        return self._pages[name]


def localize(html: str, wheel: str | None) -> str:
    """Return the HTML of a page with the URL of the client of this cloud, if it offers the client."""
    return WHEEL_URL.sub(lambda _: wheel, html) if wheel else html


def _render(name: str, text: str) -> GuidePage:
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(re.sub(r"^(```\w+) file=\S+$", r"\1", text, flags=re.MULTILINE))
    title = name
    for token, content in itertools.pairwise(tokens):
        if token.type == "heading_open":
            token.attrSet("id", slug_of(content.content))
            title = content.content if token.tag == "h1" else title
        if content.children:
            content.children = _linked(content.children)
    html = markdown.renderer.render(tokens, markdown.options, {})
    return GuidePage(name, title, html.replace("<pre>", '<pre tabindex="0">'))  # so that keys scroll it


def _linked(tokens: list[Token]) -> list[Token]:
    """Return the parts of a paragraph; links to files that this cloud does not serve become plain text."""
    found: list[Token] = []
    is_dropped = False
    for token in tokens:
        if token.type == "link_open":
            target = str(token.attrGet("href") or "")
            page = PAGE_LINK.fullmatch(target)
            is_dropped = page is None and not target.startswith(("http:", "https:", "#"))
            if page is not None:
                path = "/docs" if page[1] == INDEX else f"/docs/{page[1]}"
                token.attrSet("href", path + (page[2] or ""))
        if not (is_dropped and token.type in {"link_open", "link_close"}):
            found.append(token)
    return found


def slug_of(heading: str) -> str:
    """Return the anchor of a heading, as forges make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
