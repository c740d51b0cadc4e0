"""axe-core, which finds what keeps people with disabilities from using a page."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SOURCE = Path(__file__).resolve().parents[2] / ".tools/node_modules/axe-core/axe.min.js"

#: The plot's own frame is BokehJS's; the page around it is ours.
RUN = "async () => (await axe.run(document, {iframes: false})).violations"


class AxeMissing(RuntimeError):
    """axe-core is not installed."""


def violations(page: Page) -> list[str]:
    """Return what axe complains about on a page, a line for each kind.

    Raises:
        AxeMissing: it is not there; the message says how to get it.
    """
    if not SOURCE.exists():
        raise AxeMissing("axe-core is missing; run tests/system-packages")
    page.evaluate(SOURCE.read_text())
    found: list[dict[str, Any]] = page.evaluate(RUN)
    return [f"{item['id']}: {item['help']}: {item['nodes'][0]['html'][:200]}" for item in found]
