"""Somebody on their way through the cloud, whose screenshots are kept."""

from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.axe import violations
from tests.browser.pixels import artifacts
from tests.browser.town import Look
from tests.integration.people import Cloud


@dataclass
class Walk:
    """Somebody at the cloud, in a window of this look."""

    cloud: Cloud
    look: Look
    page: Page
    home: Path
    shots: int = 0

    @property
    def name(self) -> str:
        """Who it is."""
        return f"grace-{self.look}"

    @property
    def email(self) -> str:
        """Where their mail goes."""
        return f"{self.name}@example.com"

    def keep(self, what: str, page: Page | None = None) -> None:
        """Keep a screenshot; nothing may stick out at the side, or keep out people with disabilities."""
        page = page or self.page
        folder = artifacts("people")
        folder.mkdir(parents=True, exist_ok=True)
        self.shots += 1
        page.screenshot(path=folder / f"{self.look}-{self.shots:02} {what}.png")
        assert page.evaluate("document.documentElement.scrollWidth") <= self.look.width, what
        assert violations(page) == [], what

    def press(self, name: str) -> None:
        """Press a button."""
        self.page.get_by_role("button", name=name, exact=True).click()

    def read_heading(self, text: str) -> None:
        """Wait for the heading of a page."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(text)
