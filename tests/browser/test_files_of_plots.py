"""Files that the code of a plot makes: the page offers them, and saves them if the visitor clicks there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, CustomJS
from bokeh.models.widgets import Button
from bokeh.plotting import figure
from playwright.sync_api import Browser, expect

from tests.support.chromium import Tab
from tests.support.populated_cloud import PopulatedCloud, open_browser_tab, open_plot

#: As Bokeh's example `export_csv` does: the link is not in the document, and its URL ends at once.
EXPORT = """
  const rows = source.data.x.map((x, i) => `${x},${source.data.y[i]}`);
  const blob = new Blob(["x,y\\n" + rows.join("\\n")], {type: "text/csv;charset=utf-8;"});
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = "ta\u202eble.csv";
  link.target = "_blank";
  link.style.visibility = "hidden";
"""
CLICKS = {
    "event": "link.dispatchEvent(new MouseEvent('click'));",
    "method": "link.click(); URL.revokeObjectURL(link.href);",
    "data URL": "link.href = 'data:text/csv,x%2Cy%0A1,3%0A2,4'; document.body.append(link); link.click();",
    "bubbling event": "document.body.append(link); "
    "const span = link.appendChild(document.createElement('span')); "
    "span.dispatchEvent(new MouseEvent('click', {bubbles: true, composed: true, cancelable: true}));",
}


@pytest.fixture
def ada(browser: Browser, populated: PopulatedCloud) -> Iterator[Tab]:
    with open_browser_tab(browser, accept_downloads=True) as tab:
        populated.sign_in(tab.page.context)
        yield tab


def publish_with_button(populated: PopulatedCloud, code: str) -> str:
    """Publish a plot with a button; return the URL of its page."""
    source = ColumnDataSource({"x": [1, 2], "y": [3, 4]})
    plot = figure(width=300, height=200)
    plot.line("x", "y", source=source)
    button = Button(label="Export")
    button.js_on_click(CustomJS(args={"source": source}, code=code))
    return populated.server.publish(column(button, plot), "a table").url


@pytest.mark.parametrize("click", CLICKS.values(), ids=CLICKS)
def test_a_file_is_saved_after_a_click_on_the_page(
    ada: Tab, populated: PopulatedCloud, tmp_path: Path, click: str
) -> None:
    downloads: list[object] = []
    ada.page.on("download", lambda download: downloads.append(download))
    open_plot(ada.page, publish_with_button(populated, EXPORT + click))
    ada.page.frame_locator("iframe.plot-frame").get_by_role("button", name="Export").click()
    offer = ada.page.locator("[data-file-offer]")
    expect(offer).to_contain_text("The plot has made the file")
    assert downloads == []
    with ada.page.expect_download() as download:
        offer.get_by_role("button", name="Save").click()
    download.value.save_as(tmp_path / "file")
    assert (tmp_path / "file").read_text() == "x,y\n1,3\n2,4"
    assert download.value.suggested_filename == "ta ble.csv"
    expect(offer).to_be_hidden()
    assert ada.errors == []


def test_a_file_that_is_dismissed_is_not_saved(ada: Tab, populated: PopulatedCloud) -> None:
    downloads: list[object] = []
    ada.page.on("download", lambda download: downloads.append(download))
    open_plot(ada.page, publish_with_button(populated, EXPORT + CLICKS["event"]))
    ada.page.frame_locator("iframe.plot-frame").get_by_role("button", name="Export").click()
    ada.page.get_by_role("button", name="Dismiss").click()
    expect(ada.page.locator("[data-file-offer]")).to_be_hidden()
    ada.page.wait_for_timeout(300)
    assert downloads == []
