"""`output_server`, `output_cloud`, `install`: Bokeh's own show and save publish (in separate processes)."""

import os
from pathlib import Path

import bokeh
import bokeh.plotting
import pytest

import bokeh_cloud
from bokeh_cloud.integration import install
from tests.support.forked_python import run_python

HEAD = """
import webbrowser
from bokeh.plotting import figure, output_file, reset_output, save, show  # imported before they are hooked
import bokeh_cloud

opened = []
webbrowser.open = lambda url, **how: opened.append(url)

def line(title="line", to=1):
    p = figure(title=title)
    p.line([0, to], [0, to])
    return p

"""


def run(folder: Path, text: str, **environ: str) -> str:
    (folder / "program.py").write_text(HEAD + text)
    env = {**os.environ, "BOKEH_CLOUD_BROWSER": "yes", **environ}
    done = run_python("program.py", cwd=folder, environ=env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_show_publishes_and_opens_the_page(tmp_path: Path, server: bokeh_cloud.Server) -> None:
    text = "bokeh_cloud.output_cloud('from show')\nshow(line())\nshow(line(to=2))\nprint(*opened)"
    printed = run(tmp_path, text).split()
    plot = server.plot("from show")
    assert printed == [plot.url] * 4
    assert plot.version == 2
    assert not list(tmp_path.glob("*.html"))


def test_the_url_is_printed_if_the_browser_is_disabled(tmp_path: Path, server: bokeh_cloud.Server) -> None:
    text = "bokeh_cloud.output_cloud('closed')\nshow(line())\nprint(opened)"
    printed = run(tmp_path, text, BOKEH_CLOUD_BROWSER="no")
    assert printed == f"{server.plot('closed').url}\n[]\n"


def test_save_publishes_and_writes_a_named_file(tmp_path: Path, server: bokeh_cloud.Server) -> None:
    text = (
        "bokeh_cloud.output_cloud('from save')\nsave(line())\nsave(line(to=2), 'named.html')\nprint(opened)"
    )
    assert run(tmp_path, text) == "[]\n"
    assert server.plot("from save").version == 2
    assert [path.name for path in tmp_path.glob("*.html")] == ["named.html"]


def test_reset_output_restores_show(tmp_path: Path, server: bokeh_cloud.Server) -> None:
    text = (
        "bokeh_cloud.output_cloud('before reset')\nshow(line())\nreset_output()\n"
        "output_file('after.html')\nshow(line(to=2))\nprint(opened[1])"
    )
    assert run(tmp_path, text).strip().endswith("after.html")
    assert (tmp_path / "after.html").exists()
    assert server.plot("before reset").version == 1


def test_plots_without_a_name_are_named_after_the_script(tmp_path: Path, server: bokeh_cloud.Server) -> None:
    run(tmp_path, "bokeh_cloud.output_server()\np = line()\nshow(p)\nshow(line())\nshow(p)")
    assert server.plot("program").version == server.plot("program-2").version == 1


@pytest.mark.parametrize(
    "call",
    [
        "output_server({url!r})",
        "output_server({url!r}, 'bkp_1')",
        "output_server('lab')",
        "output_cloud('bkp_1', 'program', url={url!r})",
        "output_cloud('bkp_1', 'program')",
        "output_cloud('program')",
    ],
)
def test_all_supported_calls(tmp_path: Path, config_dir: Path, cloud: str, call: str) -> None:
    config_dir.mkdir()
    (config_dir / "servers.cfg").write_text(f"[lab]\nurl = {cloud}\n")
    (config_dir / "cloud.cfg").write_text(f"[cloud]\nurl = {cloud}\nusername = local\n")
    look = "from bokeh_cloud.integration import show_hooks\nprint(len(show_hooks._originals))"
    text = f"bokeh_cloud.{call.format(url=cloud)}\n{look}"
    assert int(run(tmp_path, text, BOKEH_CLOUD_URL="")) > 2
    if "bkp_1" not in call:  # a server without accounts rejects unknown keys
        run(tmp_path, f"bokeh_cloud.{call.format(url=cloud)}\nshow(line())", BOKEH_CLOUD_URL="")
        assert bokeh_cloud.Server(cloud).plot("program")


@pytest.mark.parametrize("arguments", [(), ("a", "b", "c")])
def test_other_calls_are_rejected(arguments: tuple[str, ...]) -> None:
    with pytest.raises(TypeError, match=r"output_cloud\(plotname\)"):
        bokeh_cloud.output_cloud(*arguments)


def test_install(tmp_path: Path) -> None:
    text = (
        "import bokeh, bokeh.plotting\nbokeh_cloud.install()\nbokeh_cloud.install()\n"
        "bokeh.plotting.output_cloud('installed')\nbokeh.plotting.show(line())\n"
        "print(bokeh.Server().plot('installed').version, bokeh.Cloud().user_id)"
    )
    assert run(tmp_path, text).endswith("/show\n1 local\n")


def test_install_replaces_no_name_of_bokeh(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, _ in install.ADDITIONS:
        monkeypatch.delattr(module, name, raising=False)
    monkeypatch.setattr(bokeh.plotting, "output_cloud", print, raising=False)
    with pytest.raises(bokeh_cloud.CloudError, match=r"defines bokeh\.plotting\.output_cloud itself"):
        bokeh_cloud.install()
    assert not hasattr(bokeh, "Cloud")


def test_unsupported_versions_of_bokeh_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    import bokeh.io.showing

    monkeypatch.delattr(bokeh.io.showing, "_show_with_state")
    with pytest.raises(bokeh_cloud.CloudError, match="does not support show and save of Bokeh"):
        bokeh_cloud.output_server()
    bokeh.plotting.reset_output()
