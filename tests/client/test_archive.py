"""An exported folder is a web site and a backup: export, import, export is byte-equal."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bokeh.models import ColumnDataSource
from bokeh.plotting import figure
from playwright.sync_api import Browser

import bokeh_cloud
from bokeh_cloud.archive.layout import folder_name
from tests.client.command import run
from tests.support.embedded_server import one_process, wait_for
from tests.support.ports import free_port


def make_figure(points: int, label: str) -> Any:
    x = np.linspace(0, 10, points)
    plot: Any = figure(title=label, width=400, height=300)
    data: Any = {"x": x, "y": np.sin(x), "again": np.sin(x), "label": [label] * points}
    plot.line("x", "y", source=ColumnDataSource(data))
    plot.patches([[1, 2, 3], [4.5, 5, 6, 7]], [[0, 1, 0], np.array([0, 1, 1, 0.0])])
    return plot


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[bokeh_cloud.Server]]:
    """Two clouds without keys, which are empty before each test."""
    folder = tmp_path_factory.getbasetemp() / "archives"
    with one_process(f"local://{folder / 'a'}") as first, one_process(f"local://{folder / 'b'}") as second:
        yield [bokeh_cloud.Server(first), bokeh_cloud.Server(second)]


@pytest.fixture
def empty(servers: list[bokeh_cloud.Server]) -> Iterator[bokeh_cloud.Server]:
    yield servers[0]
    clear(servers[0])


@pytest.fixture
def other(servers: list[bokeh_cloud.Server]) -> Iterator[bokeh_cloud.Server]:
    yield servers[1]
    clear(servers[1])


def clear(server: bokeh_cloud.Server) -> None:
    for plot in server.plots():
        plot.delete()
    for source in server.data():
        source.delete()
    assert not list(server.plots())
    assert not list(server.data())


@pytest.fixture
def account(empty: bokeh_cloud.Server) -> bokeh_cloud.Server:
    for points in (10, 1000, 10):
        empty.publish(make_figure(points, "ü"), "Übersicht: 東京")
    second = empty.publish(make_figure(5, "<script>"), "second", title="<b>Second</b>")
    second.set_visibility("public", history=True)
    return empty


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_export_import_export_is_byte_equal(
    account: bokeh_cloud.Server, other: bokeh_cloud.Server, tmp_path: Path
) -> None:
    account.export(tmp_path / "one")
    other.import_(tmp_path / "one")
    other.export(tmp_path / "two")
    assert files(tmp_path / "one") == files(tmp_path / "two")
    assert [(plot.name, plot.version, plot.visibility, plot.history) for plot in other.plots()] == [
        ("second", 1, "public", True),
        ("Übersicht: 東京", 3, "private", False),
    ]
    before, after = account.plot("second").to_json(), other.plot("second").to_json()
    assert before.content == after.content
    assert [plot.version for plot in other.import_(tmp_path / "one")] == [1, 3]


def test_live_sources_keep_their_ids_versions_and_hashes(
    empty: bokeh_cloud.Server, other: bokeh_cloud.Server, tmp_path: Path
) -> None:
    server = empty
    times = np.array(["2026-01-01", "2026-01-02"], "M8[ns]")
    source = server.DataSource("live", t=times, y=[1.0, 2.0], name=["a", None], n=[1, 2])
    spare = server.DataSource("Ada's", x=[1, 2, 3])
    plot: Any = figure()
    plot.line("t", "y", source=source)
    server.publish(plot, "p")
    source.stream(t=[times[0]], y=[3.0], name=["c"], n=[3])
    plot.scatter("t", "y", source=source)
    server.publish(plot, "p")
    source.stream({"t": times, "y": [4.0, 5.0], "name": ["d", "e"], "n": [2**40, 5]}, rollover=4)
    server.export(tmp_path / "one")
    before = [item.refresh() for item in server.data()]
    other.import_(tmp_path / "one")
    other.import_(tmp_path / "one")
    other.export(tmp_path / "two")
    assert files(tmp_path / "one") == files(tmp_path / "two")
    after = {item.source_id: item.refresh() for item in other.data()}
    assert {item.source_id for item in before} == {source.source_id, spare.source_id}
    for item in before:
        copy = after[item.source_id]
        assert (copy.name, copy.version, copy.versions()) == (item.name, item.version, item.versions())
        assert {n: c.hash for n, c in copy.columns().items()} == {
            n: c.hash for n, c in item.columns().items()
        }
    copy = after[source.source_id]
    copy.stream(t=[times[0]], y=[6.0], name=["f"], n=[0])
    assert list(copy.columns()["y"].values) == [2.0, 3.0, 4.0, 5.0, 6.0]
    with pytest.raises(bokeh_cloud.CloudError, match="changed since the export"):
        other.import_(tmp_path / "one")


def test_a_second_export_adds_plots(account: bokeh_cloud.Server, tmp_path: Path) -> None:
    folder = tmp_path / "site"
    account.export(folder, ["second"])
    written = files(folder)
    account.export(folder)
    assert files(folder).items() - {("index.html", b"")} > {
        item for item in written.items() if item[0] not in ("index.html", "columns.json")
    }
    with pytest.raises(bokeh_cloud.NotFound):
        account.export(folder, ["third"])


def test_a_failed_export_can_be_repeated(
    account: bokeh_cloud.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, real = tmp_path / "site", Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if len(list(folder.glob("plots/*/*/view.json"))) == 1 and "columns" in path.parts:
            real(path, data[:3])
            raise OSError(28, "No space left on device")
        return real(path, data)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        with pytest.raises(bokeh_cloud.CloudError, match="No space left"):
            account.export(folder)
    account.export(folder)
    account.export(tmp_path / "whole")
    assert files(folder) == files(tmp_path / "whole")


def test_a_static_web_server_shows_the_plots_of_the_folder(
    account: bokeh_cloud.Server, tmp_path: Path, browser: Browser
) -> None:
    account.export(tmp_path / "site")
    port = free_port()
    command = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1", "--directory"]
    web = subprocess.Popen([*command, str(tmp_path / "site")], stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}/", web)
        context = browser.new_context()
        page = context.new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"http://127.0.0.1:{port}/")
        assert [item.inner_text() for item in page.locator("li").all()] == ["<b>Second</b>", "ü"]
        page.get_by_text("ü", exact=True).click()
        page.wait_for_function("() => window.Bokeh?.documents[0]?.is_idle")
        source = "Bokeh.documents[0].roots()[0].renderers[0].data_source.data"
        assert page.evaluate(f"[...{source}.y].length") == 10
        assert page.evaluate(f"{source}.label[3]") == "ü"
        assert page.evaluate(f"{source}.y.buffer !== {source}.again.buffer")
        page.goto(page.url + "?version=2")
        page.wait_for_function("() => window.Bokeh?.documents[0]?.is_idle")
        assert page.evaluate(f"[...{source}.y].length") == 1000
        assert not errors
        assert page.locator("[role=alert]").inner_text() == ""
        context.close()
    finally:
        web.terminate()
        web.wait(timeout=30)


def test_errors_of_an_import(account: bokeh_cloud.Server, tmp_path: Path) -> None:
    with pytest.raises(bokeh_cloud.CloudError, match="There is nothing to import"):
        account.import_(tmp_path)
    account.export(tmp_path / "site", ["second"])
    account.publish(make_figure(7, "other"), "second")
    with pytest.raises(
        bokeh_cloud.CloudError, match=r"'second' with 2 versions.*already, and the folder has 1"
    ):
        account.import_(tmp_path / "site")
    account.plot("second").delete()
    column = next((tmp_path / "site" / "columns").iterdir())
    column.write_bytes(bytes(len(column.read_bytes())))
    with pytest.raises(bokeh_cloud.CloudError, match="is damaged"):
        account.import_(tmp_path / "site")


def test_a_plot_with_deleted_versions_is_exported_and_imported(
    account: bokeh_cloud.Server, other: bokeh_cloud.Server, tmp_path: Path
) -> None:
    account.plot("Übersicht: 東京").delete_version(2)
    account.export(tmp_path / "site", ["Übersicht: 東京"])
    [plot] = other.import_(tmp_path / "site")
    assert [item.version for item in plot.versions()] == [3, 1]


def test_plots_of_folders_of_earlier_releases_have_no_history(
    account: bokeh_cloud.Server, other: bokeh_cloud.Server, tmp_path: Path
) -> None:
    account.export(tmp_path / "site", ["second"])
    [file] = (tmp_path / "site" / "plots").glob("*/plot.json")
    metadata = json.loads(file.read_text())
    file.write_text(json.dumps({name: metadata[name] for name in metadata if name != "history"}))
    [plot] = other.import_(tmp_path / "site")
    assert (plot.visibility, plot.history) == ("public", False)


def test_a_folder_that_cannot_be_written_is_an_error(account: bokeh_cloud.Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("where a folder should be")
    with pytest.raises(bokeh_cloud.CloudError, match=r"cannot be written.*choose another place"):
        account.export(tmp_path / "file")


def test_folder_names_are_portable_and_unique() -> None:
    names = ["a", "A", "..", "東京", "a b", "a-b", "x" * 200, "con", ""]
    folders = [folder_name(name) for name in names]
    assert len(set(folders)) == len(names)
    assert all(set(folder) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") for folder in folders)


def test_export_and_import_on_the_command_line(account: bokeh_cloud.Server, tmp_path: Path) -> None:
    for arguments in (["export", "site", "second"], ["rm", "second", "--yes"], ["import", "site"]):
        run(*arguments, "--url", account.url, cwd=tmp_path)
    assert account.plot("second").visibility == "public"


def test_an_export_goes_on_past_a_broken_plot(
    account: bokeh_cloud.Server, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    account.publish(figure(title="broken"), "a broken plot")
    with damaged(tmp_path_factory.getbasetemp() / "archives" / "a", b"broken"):
        done = run("export", str(tmp_path / "one"), "--url", account.url, code=6)
    assert "the plot a broken plot: " in done.stderr
    assert done.stdout == "second, version 1\nÜbersicht: 東京, version 3\n"
    with pytest.raises(bokeh_cloud.CloudError):
        bokeh_cloud.Server("http://localhost:1").export(tmp_path / "two")
    assert next(plot.name for plot in account.export(tmp_path / "one")) == "a broken plot"


def test_an_import_goes_on_past_damage_and_can_be_resumed(
    account: bokeh_cloud.Server, other: bokeh_cloud.Server, tmp_path: Path
) -> None:
    account.export(tmp_path)
    scene = tmp_path / "plots" / folder_name("Übersicht: 東京") / "2" / "scene.json"
    content = scene.read_bytes()
    scene.write_bytes(b"{")
    done = run("import", str(tmp_path), "--url", other.url, code=6)
    assert str(scene.parents[1]) in done.stderr
    assert [(plot.name, plot.version) for plot in other.plots()] == [("second", 1), ("Übersicht: 東京", 1)]
    scene.write_bytes(content)
    assert [plot.version for plot in other.import_(tmp_path)] == [1, 3]


@contextmanager
def damaged(storage: Path, text: bytes) -> Iterator[None]:
    """Truncate the blobs of plots that contain a text; restore them at the end."""
    found = [path for path in (storage / "plots" / "blobs").rglob("*") if path.is_file()]
    contents = {path: path.read_bytes() for path in found if text in path.read_bytes()}
    assert contents
    for path in contents:
        path.chmod(0o600)
        path.write_bytes(b"")
    try:
        yield
    finally:
        for path, content in contents.items():
            path.write_bytes(content)
