"""The page of each figure has the pixels of Bokeh's own page, and the comparison detects differences."""

import re
import shutil
from collections.abc import Callable

import numpy as np
import pytest
from bokeh.model import Model
from bokeh.models import CustomJS, Range1d
from bokeh.plotting import figure

import bokeh_cloud
from tests.gallery import FIGURES, as_document
from tests.support.chromium import open_tab, screenshot, wait_idle
from tests.support.pixels import artifact_folder, compare_png
from tests.support.published_page import Camera, assert_same_pixels, take_published, take_reference
from tests.support.reference_page import reference_html

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

#: A page like a plot page: a header of fractional height, a frame of opaque origin, and no inline styles. The
#: frame has the size of that in a plot page, so that both have the same reference screenshot.
SHOW = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><link rel="stylesheet" href="show.css"><script src="show.js"></script>
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; script-src 'self'; style-src 'self'; frame-src 'self'">
</head><body><header>Published</header>
<iframe class="plot-frame" sandbox="allow-scripts" src="FRAME"></iframe></body></html>
"""

STYLE = """
body { margin: 0 41px; min-height: 100vh; display: flex; flex-direction: column }
header { height: 111.6px; background: #eee }
iframe { display: block; flex: none; border: 0; min-height: 100px }
"""

SCRIPT = """
addEventListener("message", ({ data }) => {
  const frame = document.querySelector("iframe")
  if (data.height > frame.clientHeight) frame.style.height = `${data.height}px`
})
"""


def append_to_body(html: str, markup: str) -> str:
    """Add markup to the end of a page's body; the inlined BokehJS also contains `</body>`."""
    head, end, tail = html.rpartition("</body>")
    return head + markup + end + tail


def publish(camera: Camera, name: str, html: str) -> str:
    """Write a page and another page that has it in a frame; return the URL of the latter."""
    (camera.site.folder / "show.css").write_text(STYLE)
    (camera.site.folder / "show.js").write_text(SCRIPT)
    camera.site.write(f"{name}-frame", append_to_body(html, READY))
    return camera.site.write(f"{name}-show", SHOW.replace("FRAME", f"{name}-frame.html"))


#: A figure of each subject.
SAMPLES = {FIGURES[name].__module__: name for name in FIGURES}.values()


@pytest.mark.parametrize("name", FIGURES)
def test_a_published_figure_has_the_pixels_of_bokehs_own_page(camera: Camera, cloud: str, name: str) -> None:
    # Other tests publish to the same cloud, some under names of figures.
    plot = bokeh_cloud.Server(cloud).publish(as_document(FIGURES[name]()), f"{name} of the gallery")
    assert_same_pixels(camera, name, plot.url, FIGURES[name])


@pytest.mark.parametrize("name", SAMPLES)
def test_a_figure_has_the_same_pixels_in_a_frame(camera: Camera, name: str) -> None:
    url = publish(camera, name, reference_html(FIGURES[name]))
    assert_same_pixels(camera, name, url, FIGURES[name])


def points(last: float = 3, title: str = "Points") -> Callable[[], figure]:
    def build() -> figure:
        x_range, y_range = Range1d(start=0, end=4), Range1d(start=0, end=4)
        plot = figure(width=400, height=300, title=title, x_range=x_range, y_range=y_range)
        plot.scatter([1, 2, 3], np.array([1, 2, last]))
        return plot

    return build


def test_a_changed_value_is_detected(camera: Camera) -> None:
    name = "one changed value"
    url = publish(camera, "changed", reference_html(points(3.1)))
    with pytest.raises(AssertionError, match=r"\d+ pixels differ, all within") as failure:
        assert_same_pixels(camera, name, url, points(3.0))
    assert "console" not in str(failure.value)
    saved = {path.name for path in artifact_folder(name).iterdir()}
    assert saved == {"expected.png", "actual.png", "diff.png"}
    shutil.rmtree(artifact_folder(name))  # so that only failed tests leave artifacts


def test_another_size_is_detected(camera: Camera) -> None:
    narrow, wide = (take_reference(camera, "sizes", points(), size).png for size in ((400, 300), (401, 300)))
    difference = compare_png(narrow, wide)
    assert difference is not None
    assert "sizes differ: (400, 300) and (401, 300)" in str(difference)


def test_a_blank_page_fails_the_comparison(camera: Camera) -> None:
    def nothing() -> Model:
        return figure(width=100, height=100, visible=False)

    with pytest.raises(AssertionError, match="the reference page is blank"):
        assert_same_pixels(camera, "blank", publish(camera, "blank", reference_html(nothing)), nothing)


@pytest.mark.parametrize(
    ("markup", "error"),
    [
        ("<script>console.error('on the console')</script>", "on the console"),
        ("<script>setTimeout(() => { throw Error('uncaught one') })</script>", "uncaught one"),
        ("<script>fetch('/missing').catch(() => {})</script>", "missing"),
        ("<script>fetch('https://example.invalid').catch(() => {})</script>", "example.invalid"),
    ],
)
def test_an_error_in_the_frame_is_detected(camera: Camera, markup: str, error: str) -> None:
    url = publish(camera, "error", append_to_body(reference_html(points()), markup))
    with pytest.raises(AssertionError, match=f"the published page: .*{re.escape(error)}"):
        assert_same_pixels(camera, "error", url, points())


def test_a_violation_of_the_policy_is_detected(camera: Camera) -> None:
    """The debugging protocol, which controls the browser, must not allow `eval` despite the policy."""

    def with_code() -> Model:
        plot = points()()
        plot.js_on_change("inner_width", CustomJS(code="window.ran = true"))
        return plot

    policy = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
    meta = f'<head><meta http-equiv="Content-Security-Policy" content="{policy}">'
    url = publish(camera, "policy", reference_html(with_code).replace("<head>", meta, 1))
    with pytest.raises(AssertionError, match="policy violation: script-src blocked eval"):
        assert_same_pixels(camera, "policy", url, with_code)


def test_the_message_of_a_failed_frame_is_reported(camera: Camera) -> None:
    url = publish(camera, "failed", '<html data-state="failed"><body>The column is missing.')
    with pytest.raises(AssertionError, match="says: The column is missing"):
        take_published(camera, url)


def test_the_text_of_a_page_without_a_frame_is_reported(camera: Camera) -> None:
    url = camera.site.write("frameless", "<body>There is no such plot.</body>")
    with pytest.raises(AssertionError, match=r"no iframe\.plot-frame: There is no such plot"):
        take_published(camera, url)


def test_random_numbers_are_equal_in_all_pages_and_frames(camera: Camera) -> None:
    camera.site.write("inner", "<p>inner</p>")
    url = camera.site.write("outer", '<iframe sandbox="allow-scripts" src="inner.html"></iframe>')
    with open_tab(camera.context, url) as tab:
        draws = [frame.evaluate("() => Math.random()") for frame in tab.page.frames]
    assert len(draws) == 2
    assert len(set(draws)) == 1


def test_an_idle_page_does_not_change_any_more(camera: Camera) -> None:
    """Half a second later it has the same pixels, even with mathematical notation, which is loaded late."""
    with open_tab(camera.context, camera.site.reference("latex", FIGURES["latex"])) as tab:
        wait_idle(tab.page)
        first = screenshot(tab.page)
        tab.page.wait_for_timeout(500)
        assert compare_png(first, screenshot(tab.page)) is None
