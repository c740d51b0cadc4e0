"""Which server is meant and which key opens it."""

import os
import stat
import sys
from pathlib import Path

import pytest
import yaml

from bokeh_cloud import Cloud, CloudError, Server
from bokeh_cloud.config import Address, CloudFile, Configuration, Folder, General, ServersFile

HOME = {"BOKEH_CLOUD_URL": "https://plots.example.org/", "BOKEH_CLOUD_API_KEY": "bkp_home"}
CLOUD = "[cloud]\nurl = https://cloud.example.org\nusername = maria\napikey = bkp_cloud\n"
SERVERS = """\
# Mine, in no order.
[lab]            ; the big one
url = https://lab.example.org/
apikey = bkp_lab

[desk]
url = http://localhost:5007
# no key needed
"""


@pytest.fixture
def written(config_dir: Path) -> Path:
    for name, text in (("cloud.cfg", CLOUD), ("servers.cfg", SERVERS)):
        (config_dir / name).write_text(text)
        (config_dir / name).chmod(0o600)
    return config_dir


def configuration(folder: Path, **environ: str) -> Configuration:
    return Configuration({"BOKEH_CLOUD_CONFIG_DIR": str(folder), **environ})


def test_without_anything_the_server_is_this_computer(config_dir: Path) -> None:
    assert configuration(config_dir).server_address(None, None) == Address("http://localhost:5006", None)


def test_without_anything_there_is_no_cloud(config_dir: Path) -> None:
    with pytest.raises(CloudError, match=r"there is no default one.*bokeh-cloud login"):
        Cloud()


def test_arguments_win_over_the_environment_and_that_over_the_files(written: Path) -> None:
    found = configuration(written, **HOME)
    assert found.cloud_address("https://other.org", "bkp_mine") == Address("https://other.org", "bkp_mine")
    assert found.cloud_address(None, None) == Address("https://plots.example.org", "bkp_home")
    assert configuration(written).cloud_address(None, None) == Address(
        "https://cloud.example.org", "bkp_cloud"
    )


def test_the_environment_may_give_the_cloud_of_the_file_another_key(written: Path) -> None:
    found = configuration(written, BOKEH_CLOUD_API_KEY="bkp_2")
    assert found.cloud_address(None, None) == Address("https://cloud.example.org", "bkp_2")


@pytest.mark.parametrize("environ", [HOME, {"BOKEH_CLOUD_API_KEY": "bkp_home"}])
def test_no_key_goes_to_another_server(written: Path, environ: dict[str, str]) -> None:
    found = configuration(written, **environ)
    assert found.server_address("https://other.org", None).apikey is None
    assert found.server_address("https://cloud.example.org:8443", None).apikey is None
    assert found.server_address("http://localhost:5007", None).apikey is None
    assert found.server_address("HTTPS://Lab.example.org", None).apikey == "bkp_lab"


def test_a_key_without_any_url_goes_where_its_owner_says(config_dir: Path) -> None:
    found = configuration(config_dir, BOKEH_CLOUD_API_KEY="bkp_1\n")
    assert found.server_address("https://other.org", None).apikey == "bkp_1"


def test_nicknames_go_wherever_a_url_goes(written: Path) -> None:
    assert configuration(written).server_address("lab", None) == Address("https://lab.example.org", "bkp_lab")
    environ = {"BOKEH_CLOUD_URL": "lab", "BOKEH_CLOUD_API_KEY": "bkp_3"}
    assert configuration(written, **environ).server_address(None, None).apikey == "bkp_3"
    assert Server("desk").url == "http://localhost:5007"
    with pytest.raises(CloudError, match=r"neither a URL nor a nickname.*lab, desk"):
        Server("labor")


def test_comments_in_servers_cfg_survive(written: Path) -> None:
    servers = ServersFile(Folder(written)).add("Buero", "HTTPS://Buero.example.org/", "bkp_4")
    servers = servers.set_default("desk").set_default("lab").remove("desk")
    text = (written / "servers.cfg").read_text()
    assert text.startswith(
        "# Mine, in no order.\n[lab]            ; the big one\nurl = https://lab.example.org/\n"
    )
    assert [(entry.nickname, entry.url, entry.is_default) for entry in servers.entries] == [
        ("lab", "https://lab.example.org", True),
        ("Buero", "https://buero.example.org", False),
    ]
    assert stat.S_IMODE((written / "servers.cfg").stat().st_mode) == 0o600
    assert configuration(written).server_address(None, None).url == "https://lab.example.org"


def test_a_nickname_can_be_given_another_server(config_dir: Path) -> None:
    ServersFile(Folder(config_dir)).add("a", "http://localhost:1", None).add("a", "http://localhost:2", None)
    assert Server("a").url == "http://localhost:2"


@pytest.mark.parametrize(
    ("nickname", "url"), [("a b", "http://localhost"), ("a", "localhost"), ("]", "http://x")]
)
def test_what_cannot_be_a_nickname_is_not_written(config_dir: Path, nickname: str, url: str) -> None:
    with pytest.raises(CloudError):
        ServersFile(Folder(config_dir)).add(nickname, url, None)
    assert not list(config_dir.iterdir())


def test_the_cloud_file_is_read_as_it_was_written(config_dir: Path) -> None:
    folder = Folder(config_dir / "new" / "folder")
    CloudFile("https://cloud.example.org", "maria", "bkp_%_1").save(folder)
    assert CloudFile.load(folder) == CloudFile("https://cloud.example.org", "maria", "bkp_%_1")
    assert folder.path is not None
    assert stat.S_IMODE((folder.path / "cloud.cfg").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert "bkp_" not in repr(CloudFile.load(folder))


def test_a_file_that_others_can_read_is_named(written: Path, caplog: pytest.LogCaptureFixture) -> None:
    (written / "cloud.cfg").chmod(0o644)
    assert CloudFile.load(Folder(written)) is not None
    assert f"chmod 600 {written / 'cloud.cfg'}" in caplog.text


@pytest.mark.parametrize("text", ["apikey = bkp_1", "[cloud]\nusername = x", "[cloud]\nurl = nonsense"])
def test_a_damaged_cloud_file_is_named(config_dir: Path, text: str) -> None:
    (config_dir / "cloud.cfg").write_text(text)
    with pytest.raises(CloudError) as error:
        Cloud()
    assert "cloud.cfg" in str(error.value) or "nonsense" in str(error.value)
    assert "bkp_1" not in str(error.value)


def test_general_settings_come_from_the_file_and_the_environment(config_dir: Path) -> None:
    (config_dir / "config").write_text("# mine\nbrowser = no\nvisibility = link\nframe_height=400\n")
    environ = {"BOKEH_CLOUD_VISIBILITY": "public", "BOKEH_CLOUD_PROGRESS": "off"}
    assert General.load(Folder(config_dir), environ) == General(
        browser=False, progress=False, visibility="public", frame_height=400
    )
    assert General.load(Folder(config_dir / "nowhere"), {}) == General()


@pytest.mark.parametrize("line", ["browser = perhaps", "visibility = mine", "frame_height = 5 m"])
def test_settings_that_are_none_are_named(config_dir: Path, line: str) -> None:
    (config_dir / "config").write_text(line)
    with pytest.raises(CloudError, match=f"config: {line.split()[0]} is"):
        General.load(Folder(config_dir), {})


def test_old_bokeh_and_we_read_the_same_file(config_dir: Path) -> None:
    """Bokeh up to 3.4 reads it as YAML, and takes a TypeError for a file without its setting."""
    ours = "# Settings of Bokeh Cloud\nbrowser = no\nframe_height = 400\n"
    assert isinstance(yaml.safe_load(ours), str)
    (config_dir / "config").write_text("sampledata_dir: /data\n")
    assert General.load(Folder(config_dir), {}) == General()


@pytest.mark.skipif(sys.platform == "win32", reason="rights are POSIX's")
def test_a_home_that_cannot_be_written(config_dir: Path) -> None:
    blocked = config_dir / "file"
    blocked.write_text("a file, where a folder should be: root may write into any folder")
    found = Configuration({"HOME": str(blocked)})
    assert found.server_address(None, None).url == "http://localhost:5006"
    assert found.general == General()
    with pytest.raises(CloudError, match=r"cannot be written.*BOKEH_CLOUD_API_KEY"):
        CloudFile("https://cloud.example.org").save(found.folder)


def test_no_home_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    found = Configuration({})
    assert found.server_address(None, None).url == "http://localhost:5006"
    with pytest.raises(CloudError, match=r"there is no home directory"):
        CloudFile("https://cloud.example.org").save(found.folder)


def test_nothing_is_read_or_written_at_import(tmp_path: Path) -> None:
    import subprocess

    environ = {**os.environ, "HOME": str(tmp_path)}
    subprocess.run(
        [sys.executable, "-c", "import bokeh_cloud; bokeh_cloud.install()"], env=environ, check=True
    )
    assert not list(tmp_path.iterdir())
