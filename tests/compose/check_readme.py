"""The README's chapter: from nothing to a published plot, as a person goes there in Chromium.

Lines that begin with `$` are run in a shell, blocks of `python` are a program; between them somebody
registers in the browser. Only the port and the name of the project are others.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.browser.chromium import Tab, new_context, wait_ready
from tests.browser.published import find_frame
from tests.compose.engine import ROOT, Compose
from tests.integration.people import Cloud

CHAPTER = re.search(
    r"^## The full cloud\n(.*?)^## ", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE
)
COMMANDS = re.compile(r"^    (\S.*)$", re.MULTILINE)
PROGRAM = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def run(command: list[str], compose: Compose, **environ: str) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, **compose.variables, "PATH": path, **environ}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    return done.stdout


def register(cloud: Cloud, page: Page) -> str:
    """Register, and make a key."""
    page.goto(f"{cloud.url}/register")
    page.get_by_label("Email address").fill("grace@example.com")
    page.get_by_label("Username").fill("grace")
    page.get_by_role("button", name="Send me a link").click()
    expect(page.get_by_role("heading")).to_have_text("Check your mail")
    page.goto(cloud.link_to("grace@example.com"))
    page.get_by_role("button", name="Make my account").click()
    page.get_by_role("link", name="Make an API key").click()
    page.get_by_label("Name of a new key").fill("my laptop")
    page.get_by_role("button", name="Make a key").click()
    return page.get_by_label("The new API key").inner_text().strip()


def test_the_chapter(compose: Compose, people: Cloud, browser: Browser, tmp_path: Path) -> None:
    follow(compose, people, browser, tmp_path)


def follow(compose: Compose, people: Cloud, browser: Browser, tmp_path: Path) -> None:
    """Do what the chapter says in a cloud, and see the plot."""
    assert CHAPTER
    text = CHAPTER[1].replace("localhost:8080", f"localhost:{compose.port}")
    commands = [line for line in COMMANDS.findall(text) if line.startswith("docker compose up")]
    assert commands[0] == "docker compose up -d --wait"
    run(["bash", "-euc", commands[0]], compose)
    context = new_context(browser)
    tab = Tab(context.new_page())
    tab.watch()
    key = register(people, tab.page)
    [program] = PROGRAM.findall(text)
    assert "bkp_..." in program
    config = str(tmp_path / "config")
    url = run([sys.executable, "-c", program.replace("bkp_...", key)], compose, BOKEH_CLOUD_CONFIG_DIR=config)
    assert url.startswith(f"{people.url}/plots/")
    tab.page.goto(url.strip())
    wait_ready(find_frame(tab.page)[1])
    expect(tab.page.get_by_text("sine").first).to_be_visible()
    assert tab.errors == []
    context.close()
