"""The choice of the server and its API key, from arguments, environment variables and files."""

import os
import stat
import sys
from pathlib import Path

import pytest
import yaml

from bokeh_cloud import Cloud, CloudError, Server
from bokeh_cloud.config import CloudFile, ConfigFolder, Configuration, General, ServerAddress, ServersFile

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


def test_the_default_server_is_this_computer(config_dir: Path) -> None:
    assert configuration(config_dir).server_address(None, None) == ServerAddress(
        "http://localhost:5006", None
    )


def test_there_is_no_default_cloud(config_dir: Path) -> None:
    with pytest.raises(CloudError, match=r"there is no default one.*bokeh-cloud login"):
        Cloud()


def test_arguments_override_the_environment_which_overrides_the_files(written: Path) -> None:
    loaded = configuration(written, **HOME)
    assert loaded.cloud_address("https://other.org", "bkp_mine") == ServerAddress(
        "https://other.org", "bkp_mine"
    )
    assert loaded.cloud_address(None, None) == ServerAddress("https://plots.example.org", "bkp_home")
    assert configuration(written).cloud_address(None, None) == ServerAddress(
        "https://cloud.example.org", "bkp_cloud"
    )


def test_the_environment_may_override_only_the_key_of_the_cloud(written: Path) -> None:
    loaded = configuration(written, BOKEH_CLOUD_API_KEY="bkp_2")
    assert loaded.cloud_address(None, None) == ServerAddress("https://cloud.example.org", "bkp_2")


@pytest.mark.parametrize("environ", [HOME, {"BOKEH_CLOUD_API_KEY": "bkp_home"}])
def test_no_key_is_sent_to_another_server(written: Path, environ: dict[str, str]) -> None:
    loaded = configuration(written, **environ)
    assert loaded.server_address("https://other.org", None).apikey is None
    assert loaded.server_address("https://cloud.example.org:8443", None).apikey is None
    assert loaded.server_address("http://localhost:5007", None).apikey is None
    assert loaded.server_address("HTTPS://Lab.example.org", None).apikey == "bkp_lab"


def test_a_key_without_a_url_is_for_the_given_server(config_dir: Path) -> None:
    loaded = configuration(config_dir, BOKEH_CLOUD_API_KEY="bkp_1\n")
    assert loaded.server_address("https://other.org", None).apikey == "bkp_1"


def test_nicknames_can_replace_urls(written: Path) -> None:
    assert configuration(written).server_address("lab", None) == ServerAddress(
        "https://lab.example.org", "bkp_lab"
    )
    environ = {"BOKEH_CLOUD_URL": "lab", "BOKEH_CLOUD_API_KEY": "bkp_3"}
    assert configuration(written, **environ).server_address(None, None).apikey == "bkp_3"
    assert Server("desk").url == "http://localhost:5007"
    with pytest.raises(CloudError, match=r"neither a URL nor a nickname.*lab, desk"):
        Server("labor")


def test_comments_in_servers_cfg_are_preserved(written: Path) -> None:
    servers = ServersFile(ConfigFolder(written)).add("Buero", "HTTPS://Buero.example.org/", "bkp_4")
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


def test_the_server_of_a_nickname_can_be_changed(config_dir: Path) -> None:
    ServersFile(ConfigFolder(config_dir)).add("a", "http://localhost:1", None).add(
        "a", "http://localhost:2", None
    )
    assert Server("a").url == "http://localhost:2"


@pytest.mark.parametrize(
    ("nickname", "url"), [("a b", "http://localhost"), ("a", "localhost"), ("]", "http://x")]
)
def test_invalid_nicknames_are_not_written(config_dir: Path, nickname: str, url: str) -> None:
    with pytest.raises(CloudError):
        ServersFile(ConfigFolder(config_dir)).add(nickname, url, None)
    assert not list(config_dir.iterdir())


def test_the_cloud_file_round_trips(config_dir: Path) -> None:
    folder = ConfigFolder(config_dir / "new" / "folder")
    CloudFile("https://cloud.example.org", "maria", "bkp_%_1").save(folder)
    assert CloudFile.load(folder) == CloudFile("https://cloud.example.org", "maria", "bkp_%_1")
    assert folder.path is not None
    assert stat.S_IMODE((folder.path / "cloud.cfg").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert "bkp_" not in repr(CloudFile.load(folder))


def test_a_file_that_others_can_read_logs_a_warning(written: Path, caplog: pytest.LogCaptureFixture) -> None:
    (written / "cloud.cfg").chmod(0o644)
    assert CloudFile.load(ConfigFolder(written)) is not None
    assert f"chmod 600 {written / 'cloud.cfg'}" in caplog.text


@pytest.mark.parametrize("text", ["apikey = bkp_1", "[cloud]\nusername = x", "[cloud]\nurl = nonsense"])
def test_the_error_names_a_damaged_cloud_file(config_dir: Path, text: str) -> None:
    (config_dir / "cloud.cfg").write_text(text)
    with pytest.raises(CloudError) as error:
        Cloud()
    assert "cloud.cfg" in str(error.value) or "nonsense" in str(error.value)
    assert "bkp_1" not in str(error.value)


def test_general_settings_come_from_the_file_and_the_environment(config_dir: Path) -> None:
    (config_dir / "config").write_text("# mine\nbrowser = no\nvisibility = link\nframe_height=400\n")
    environ = {"BOKEH_CLOUD_VISIBILITY": "public", "BOKEH_CLOUD_PROGRESS": "off"}
    assert General.load(ConfigFolder(config_dir), environ) == General(
        browser=False, progress=False, visibility="public", frame_height=400
    )
    assert General.load(ConfigFolder(config_dir / "nowhere"), {}) == General()


@pytest.mark.parametrize("line", ["browser = perhaps", "visibility = mine", "frame_height = 5 m"])
def test_the_error_names_an_invalid_setting(config_dir: Path, line: str) -> None:
    (config_dir / "config").write_text(line)
    with pytest.raises(CloudError, match=f"config: {line.split()[0]} must be"):
        General.load(ConfigFolder(config_dir), {})


def test_the_file_is_compatible_with_old_versions_of_bokeh(config_dir: Path) -> None:
    """Bokeh up to 3.4 reads the file as YAML; for a string, it raises a TypeError, which it ignores."""
    text = "# Settings of Bokeh Cloud\nbrowser = no\nframe_height = 400\n"
    assert isinstance(yaml.safe_load(text), str)
    (config_dir / "config").write_text("sampledata_dir: /data\n")
    assert General.load(ConfigFolder(config_dir), {}) == General()


@pytest.mark.skipif(sys.platform == "win32", reason="rights are POSIX's")
def test_a_home_directory_that_is_not_writable(config_dir: Path) -> None:
    blocked = config_dir / "file"
    blocked.write_text("a file, where a folder should be: root may write into any folder")
    loaded = Configuration({"HOME": str(blocked)})
    assert loaded.server_address(None, None).url == "http://localhost:5006"
    assert loaded.general == General()
    with pytest.raises(CloudError, match=r"cannot be written.*BOKEH_CLOUD_API_KEY"):
        CloudFile("https://cloud.example.org").save(loaded.folder)


def test_no_home_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    loaded = Configuration({})
    assert loaded.server_address(None, None).url == "http://localhost:5006"
    with pytest.raises(CloudError, match=r"there is no home directory"):
        CloudFile("https://cloud.example.org").save(loaded.folder)


def test_importing_writes_no_files(tmp_path: Path) -> None:
    import subprocess

    environ = {**os.environ, "HOME": str(tmp_path)}
    subprocess.run(
        [sys.executable, "-c", "import bokeh_cloud; bokeh_cloud.install()"], env=environ, check=True
    )
    assert not list(tmp_path.iterdir())
