"""The harness on its own: every figure is drawn the same twice, on a page and in a frame within a page."""

import re
import shutil
from collections.abc import Callable

import numpy as np
import pytest
from bokeh.model import Model
from bokeh.models import CustomJS, Range1d
from bokeh.plotting import figure

from tests.browser.chromium import open_tab, screenshot, wait_idle
from tests.browser.pixels import artifacts, compare_png
from tests.browser.published import Camera, assert_same_pixels, take_published, take_reference
from tests.browser.reference import reference_html
from tests.gallery import FIGURES

READY = """
<script>
addEventListener("load", async () => {
  while (!Bokeh.documents.length || !Bokeh.documents[0].is_idle) await new Promise(requestAnimationFrame)
  document.documentElement.dataset.state = "ready"
  const bottoms = [...document.querySelectorAll("[data-root-id]")].map((e) => e.firstElementChild)
    .map((e) => e.getBoundingClientRect().bottom)
  parent.postMessage({ height: Math.ceil(Math.max(...bottoms)) }, "*")
})
</script>
"""

#: As a page of the cloud: a head of a broken height, a frame of opaque origin, no inline styles allowed.
SHOW = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><link rel="stylesheet" href="show.css"><script src="show.js"></script>
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; script-src 'self'; style-src 'self'; frame-src 'self'">
</head><body><header>Published</header>
<iframe class="plot-frame" sandbox="allow-scripts" src="FRAME"></iframe></body></html>
"""

STYLE = """
body { margin: 0; min-height: 100vh; display: flex; flex-direction: column }
header { height: 111.6px; background: #eee }
iframe { display: block; flex: 1 0 auto; border: 0; min-height: 70vh }
"""

SCRIPT = """
addEventListener("message", ({ data }) => {
  const frame = document.querySelector("iframe")
  if (data.height > frame.clientHeight) frame.style.height = `${data.height}px`
})
"""


def put(html: str, markup: str) -> str:
    """Add to the end of a page's body; BokehJS, within the page, has ends of bodies too."""
    head, end, tail = html.rpartition("</body>")
    return head + markup + end + tail


def publish(camera: Camera, name: str, html: str) -> str:
    """Put a page into a frame of another page; return the URL of that."""
    (camera.site.folder / "show.css").write_text(STYLE)
    (camera.site.folder / "show.js").write_text(SCRIPT)
    camera.site.write(f"{name}-frame", put(html, READY))
    return camera.site.write(f"{name}-show", SHOW.replace("FRAME", f"{name}-frame.html"))


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_looks_the_same_again_and_in_a_frame(camera: Camera, name: str) -> None:
    url = publish(camera, name, reference_html(FIGURES[name]))
    assert_same_pixels(camera, name, url, FIGURES[name])


def points(last: float = 3, title: str = "Points") -> Callable[[], figure]:
    def build() -> figure:
        x_range, y_range = Range1d(start=0, end=4), Range1d(start=0, end=4)
        plot = figure(width=400, height=300, title=title, x_range=x_range, y_range=y_range)
        plot.scatter([1, 2, 3], np.array([1, 2, last]))
        return plot

    return build


def test_one_changed_value_is_seen(camera: Camera) -> None:
    name = "one changed value"
    url = publish(camera, "changed", reference_html(points(3.1)))
    with pytest.raises(AssertionError, match=r"\d+ pixels differ, all within") as failure:
        assert_same_pixels(camera, name, url, points(3.0))
    assert "complain" not in str(failure.value)
    kept = {path.name for path in artifacts(name).iterdir()}
    assert kept == {"expected.png", "actual.png", "diff.png"}
    shutil.rmtree(artifacts(name))  # what is left there after a run is what failed


def test_a_figure_of_another_size_is_seen(camera: Camera) -> None:
    narrow, wide = (take_reference(camera, "sizes", points(), size).png for size in ((400, 300), (401, 300)))
    difference = compare_png(narrow, wide)
    assert difference is not None
    assert "sizes differ: (400, 300) and (401, 300)" in str(difference)


def test_a_blank_page_proves_nothing(camera: Camera) -> None:
    def nothing() -> Model:
        return figure(width=100, height=100, visible=False)

    with pytest.raises(AssertionError, match="there is nothing to see"):
        assert_same_pixels(camera, "blank", publish(camera, "blank", reference_html(nothing)), nothing)


@pytest.mark.parametrize(
    ("markup", "complaint"),
    [
        ("<script>console.error('on the console')</script>", "on the console"),
        ("<script>setTimeout(() => { throw Error('uncaught one') })</script>", "uncaught one"),
        ("<script>fetch('/missing').catch(() => {})</script>", "missing"),
        ("<script>fetch('https://example.invalid').catch(() => {})</script>", "example.invalid"),
    ],
)
def test_a_complaint_in_the_frame_is_seen(camera: Camera, markup: str, complaint: str) -> None:
    url = publish(camera, "complaint", put(reference_html(points()), markup))
    with pytest.raises(AssertionError, match=f"the published page: .*{re.escape(complaint)}"):
        assert_same_pixels(camera, "complaint", url, points())


def test_a_policy_is_enforced_and_its_violations_are_seen(camera: Camera) -> None:
    """The debugger, by which the browser is driven, must not lift the policy's block of `eval`."""

    def with_code() -> Model:
        plot = points()()
        plot.js_on_change("inner_width", CustomJS(code="window.ran = true"))
        return plot

    policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
    meta = f'<head><meta http-equiv="Content-Security-Policy" content="{policy}">'
    url = publish(camera, "policy", reference_html(with_code).replace("<head>", meta, 1))
    with pytest.raises(AssertionError, match="policy violation: script-src blocked eval"):
        assert_same_pixels(camera, "policy", url, with_code)


def test_a_frame_that_fails_says_why(camera: Camera) -> None:
    url = publish(camera, "failed", '<html data-state="failed"><body>The column is missing.')
    with pytest.raises(AssertionError, match="says: The column is missing"):
        take_published(camera, url)


def test_a_page_without_a_frame_says_what_it_shows(camera: Camera) -> None:
    url = camera.site.write("frameless", "<body>There is no such plot.</body>")
    with pytest.raises(AssertionError, match=r"no iframe\.plot-frame: There is no such plot"):
        take_published(camera, url)


def test_random_numbers_are_the_same_in_every_page_and_frame(camera: Camera) -> None:
    camera.site.write("inner", "<p>inner</p>")
    url = camera.site.write("outer", '<iframe sandbox="allow-scripts" src="inner.html"></iframe>')
    with open_tab(camera.context, url) as tab:
        draws = [frame.evaluate("() => Math.random()") for frame in tab.page.frames]
    assert len(draws) == 2
    assert len(set(draws)) == 1


def test_idle_means_that_nothing_changes_any_more(camera: Camera) -> None:
    """Half a second after a page was idle it still has the same pixels, also with math that loads late."""
    with open_tab(camera.context, camera.site.reference("latex", FIGURES["latex"])) as tab:
        wait_idle(tab.page)
        first = screenshot(tab.page)
        tab.page.wait_for_timeout(500)
        assert compare_png(first, screenshot(tab.page)) is None
