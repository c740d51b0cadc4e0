"""The README's chapter on the full cloud, executed: from nothing to a published plot in Chromium.

The command that starts the cloud is run in a shell, a user registers in the browser, and the block of Python
code is run as a program. Only the port and the name of the compose project differ.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests import ROOT
from tests.compose.engine import Compose
from tests.support.chromium import Tab, new_context, wait_ready
from tests.support.published_page import find_frame
from tests.support.users import RunningCloud

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


def register(cloud: RunningCloud, page: Page) -> str:
    """Register an account on the pages; return an API key."""
    page.goto(f"{cloud.url}/register")
    page.get_by_label("Email address").fill("grace@example.com")
    page.get_by_label("Username").fill("grace")
    page.get_by_role("button", name="Send me a link").click()
    expect(page.get_by_role("heading")).to_have_text("Check your mail")
    page.goto(cloud.link_to("grace@example.com"))
    page.get_by_role("button", name="Create my account").click()
    page.get_by_role("link", name="Create an API key").click()
    page.get_by_label("Name of the new key").fill("my laptop")
    page.get_by_role("button", name="Create a key").click()
    return page.get_by_label("The new API key").inner_text().strip()


def test_the_chapter_leads_to_a_published_plot(
    compose: Compose, cloud: RunningCloud, browser: Browser, tmp_path: Path
) -> None:
    follow_chapter(compose, cloud, browser, tmp_path)


def follow_chapter(compose: Compose, cloud: RunningCloud, browser: Browser, tmp_path: Path) -> None:
    """Follow the chapter with a cloud, and check that the plot is shown."""
    assert CHAPTER
    text = CHAPTER[1].replace("localhost:8080", f"localhost:{compose.port}")
    commands = [line for line in COMMANDS.findall(text) if line.startswith("docker compose up")]
    assert commands[0] == "docker compose up -d --wait"
    run(["bash", "-euc", commands[0]], compose)
    context = new_context(browser)
    tab = Tab(context.new_page())
    tab.watch()
    key = register(cloud, tab.page)
    [program] = PROGRAM.findall(text)
    assert "bkp_..." in program
    config = str(tmp_path / "config")
    url = run([sys.executable, "-c", program.replace("bkp_...", key)], compose, BOKEH_CLOUD_CONFIG_DIR=config)
    assert url.startswith(f"{cloud.url}/plots/")
    tab.page.goto(url.strip())
    wait_ready(find_frame(tab.page)[1])
    expect(tab.page.get_by_text("sine").first).to_be_visible()
    assert tab.errors == []
    context.close()
