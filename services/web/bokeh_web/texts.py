"""Pages that an operator writes in Markdown (CommonMark): terms, imprint, privacy."""

from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

from bokeh_common.errors import Invalid, NotFound

#: File names, and what the links to them say.
KNOWN = {"terms": "Terms", "privacy": "Privacy", "imprint": "Imprint"}


@dataclass(frozen=True)
class Text:
    """A page: `html` is safe, since no HTML that stands in the Markdown comes through."""

    name: str
    title: str
    html: str


class Texts:
    """The operator's pages that there are."""

    def __init__(self, folder: Path | None) -> None:
        """Take a folder with `terms.md`, `privacy.md`, `imprint.md` or some of them.

        Raises:
            Invalid: there is no such folder.
        """
        if folder is not None and not folder.is_dir():
            raise Invalid(
                f"BOKEH_CLOUD_PAGES must be a folder with Markdown files; there is none at {folder}."
            )
        markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
        paths = {} if folder is None else {name: folder / f"{name}.md" for name in KNOWN}
        self._texts = {
            name: Text(name, KNOWN[name], markdown.render(path.read_text(encoding="utf-8")))
            for name, path in paths.items()
            if path.is_file()
        }

    @property
    def links(self) -> list[tuple[str, str]]:
        """The address and the title of each."""
        return [(f"/{text.name}", text.title) for text in self._texts.values()]

    def get(self, name: str) -> Text:
        """Return a page; `NotFound`."""
        if name not in self._texts:
            raise NotFound("The operator of this cloud has not written this page.")
        return self._texts[name]
