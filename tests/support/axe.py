"""Checks of the accessibility of pages, by axe-core."""

from functools import cache
from typing import Any

from playwright.sync_api import Page

from tests import ROOT

SOURCE = ROOT / ".tools/node_modules/axe-core/axe.min.js"

#: Checks the page without the frame of the plot, whose content is BokehJS's.
RUN = "async () => (await axe.run(document, {iframes: false})).violations"


class AxeMissing(RuntimeError):
    """axe-core is not installed."""


def violations(page: Page) -> list[str]:
    """Return the violations of accessibility rules on a page, a line for each rule.

    Raises:
        AxeMissing: axe-core is not installed; the message says how to install it.
    """
    if not SOURCE.exists():
        raise AxeMissing("axe-core is missing; run tests/system-packages")
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(_source())
    found: list[dict[str, Any]] = page.evaluate(RUN)
    return [f"{item['id']}: {item['help']}: {item['nodes'][0]['html'][:200]}" for item in found]


@cache
def _source() -> str:
    return SOURCE.read_text()
