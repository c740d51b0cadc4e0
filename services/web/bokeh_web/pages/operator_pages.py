"""The operator's pages, written in Markdown (CommonMark): terms, privacy and imprint."""

from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

from bokeh_common.errors import Invalid, NotFound

#: The titles of the pages, by file name without `.md`.
TITLES = {"terms": "Terms", "privacy": "Privacy", "imprint": "Imprint"}


@dataclass(frozen=True)
class MarkdownPage:
    """A page. Its `html` is safe, since HTML in the Markdown is escaped."""

    name: str
    title: str
    html: str


class OperatorPages:
    """The pages that the operator of this cloud has written."""

    def __init__(self, folder: Path | None) -> None:
        """Render the pages.

        Args:
            folder: contains `terms.md`, `privacy.md` and `imprint.md`, or some of them; None for no pages.

        Raises:
            Invalid: the folder does not exist.
        """
        if folder is not None and not folder.is_dir():
            raise Invalid(f"BOKEH_CLOUD_PAGES must be a folder with Markdown files; {folder} is not one.")
        markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
        paths = {} if folder is None else {name: folder / f"{name}.md" for name in TITLES}
        self._pages = {
            name: MarkdownPage(name, TITLES[name], markdown.render(path.read_text(encoding="utf-8")))
            for name, path in paths.items()
            if path.is_file()
        }

    @property
    def links(self) -> list[tuple[str, str]]:
        """The path and the title of each page."""
        return [(f"/{page.name}", page.title) for page in self._pages.values()]

    def get(self, name: str) -> MarkdownPage:
        """Return a page.

        Raises:
            NotFound: the operator has not written it.
        """
        if name not in self._pages:
            raise NotFound("The operator of this cloud has not written this page.")
        return self._pages[name]
