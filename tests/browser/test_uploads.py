"""The page that stores a file after a preview, in a browser."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_pages import check_in_each_scheme
from tests.browser.window_plots import Visitor
from tests.support.populated_cloud import APPEARANCES, Appearance, PopulatedCloud, open_browser_tab

#: As German spreadsheets write it; a script would put the column 2024 before the others.
LABS = "Ort;PLZ;2024;Wert\n" + "Köln;00501;1;1,5\n" * 12 + "Bonn;53111;2;\n"


@pytest.fixture
def labs(tmp_path: Path) -> Path:
    path = tmp_path / "labs 2024.csv"
    path.write_bytes(LABS.encode("latin-1"))
    return path


def open_preview(page: Page, populated: PopulatedCloud, file: Path) -> None:
    page.goto(f"{populated.url}/data/upload")
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Show the preview").click()


def names_of_sources(populated: PopulatedCloud) -> set[str | None]:
    return {source.name for source in populated.server.data()}


@pytest.mark.parametrize("appearance", APPEARANCES, ids=str)
def test_the_preview_fits_the_window_and_is_accessible(
    browser: Browser, populated: PopulatedCloud, appearance: Appearance, labs: Path
) -> None:
    with open_browser_tab(browser, appearance) as tab:
        populated.sign_in(tab.page.context)
        open_preview(tab.page, populated, labs)
        expect(tab.page.get_by_role("heading", name="Preview")).to_be_focused()
        check_in_each_scheme(tab.page, appearance, "upload, preview", full_page=True)
        tab.page.get_by_label("Type of Ort").select_option("integer")
        expect(tab.page.get_by_role("alert")).to_contain_text("'Köln' is no integer")
        check_in_each_scheme(tab.page, appearance, "upload, error", full_page=True)


def test_the_preview_shows_what_was_detected(visitor: Visitor, populated: PopulatedCloud, labs: Path) -> None:
    page = visitor.tab.page
    open_preview(page, populated, labs)
    preview = page.get_by_role("region", name="Preview", exact=True)
    for fact in ("13 rows", "the first 10 are shown", "separated by semicolons", "encoded in windows-1252"):
        expect(preview.get_by_text(fact, exact=True)).to_be_visible()
    headers = preview.get_by_role("columnheader").locator("span")
    expect(headers).to_have_text(["Ort", "PLZ", "2024", "Wert"])
    selected = [
        page.get_by_label(f"Type of {name}").locator("option:checked") for name in ("PLZ", "2024", "Wert")
    ]
    for option, kind in zip(selected, ("text", "integer", "float"), strict=True):
        expect(option).to_have_text(f"{kind} (detected)")
    expect(preview.get_by_role("row").nth(1).get_by_role("cell")).to_have_text(["Köln", "00501", "1", "1.5"])
    assert "labs 2024" not in names_of_sources(populated)


def test_a_file_is_stored_by_keyboard_after_its_preview(
    visitor: Visitor, populated: PopulatedCloud, labs: Path
) -> None:
    page = visitor.tab.page
    page.goto(f"{populated.url}/data/upload")
    page.get_by_label("File", exact=True).set_input_files(labs)
    expect(page.get_by_label("Name")).to_have_value("labs 2024")
    page.get_by_label("Name").press("Control+a")
    page.keyboard.type("by keyboard")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Preview")).to_be_focused()
    page.keyboard.press("Tab")  # the table, which scrolls
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(page.get_by_label("Type of 2024")).to_be_focused()
    page.keyboard.type("text")
    expect(page.get_by_label("Type of 2024")).to_have_value("text")
    expect(page.get_by_role("button", name="Store")).to_be_enabled()
    expect(page.get_by_label("Type of 2024")).to_be_focused()
    for _ in range(2):
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("by keyboard")
    stored = populated.server.source("by keyboard").to_pandas()
    assert stored["2024"].tolist() == ["1"] * 12 + ["2"]
    assert stored["Wert"].tolist()[:12] == [1.5] * 12


def test_another_file_hides_the_preview(visitor: Visitor, populated: PopulatedCloud, labs: Path) -> None:
    page, errors = visitor.tab.page, visitor.tab.errors
    open_preview(page, populated, labs)
    expect(page.get_by_role("heading", name="Preview")).to_be_visible()
    other = labs.with_name("broken.parquet")
    other.write_bytes(b"PAR1 no more")
    page.get_by_label("File", exact=True).set_input_files(other)
    expect(page.get_by_role("heading", name="Preview")).to_be_hidden()
    page.get_by_role("button", name="Show the preview").click()
    expect(page.get_by_role("alert")).to_contain_text("The file cannot be read")
    expect(page.get_by_role("button", name="Store")).to_be_hidden()
    assert "422" in errors.pop()  # Chromium logs responses with errors


DROP = """(content) => {
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([content], "dropped.csv"));
  const form = document.querySelector("[data-upload]");
  for (const type of ["dragover", "drop"])
    form.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
}"""


def test_a_file_can_be_dropped(visitor: Visitor, populated: PopulatedCloud) -> None:
    page = visitor.tab.page
    page.goto(f"{populated.url}/data/upload")
    page.evaluate(DROP, "x,y\n1,2\n")
    expect(page.get_by_role("heading", name="Preview")).to_be_focused()
    expect(page.get_by_label("Name", exact=False)).to_have_value("dropped")
