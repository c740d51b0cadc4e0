"""Keys in the keyring of the operating system, for which a backend of its own stands in: CI has none."""

from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backend
import pytest
from keyring.backends import fail

from bokeh_cloud import Cloud, CloudError
from bokeh_cloud.config import CloudFile, Folder


class Backend(keyring.backend.KeyringBackend):
    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring's
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def backend() -> Iterator[Backend]:
    before, backend = keyring.get_keyring(), Backend()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


def test_the_key_is_in_the_keyring_alone(backend: Backend, config_dir: Path) -> None:
    folder = Folder(config_dir)
    CloudFile("https://cloud.example.org", "maria", "bkp_1", in_keyring=True).save(folder)
    assert "bkp_1" not in (config_dir / "cloud.cfg").read_text()
    assert backend.kept == {("bokeh-cloud", "https://cloud.example.org"): "bkp_1"}
    assert Cloud().connection.has_key
    found = CloudFile.load(folder)
    assert found is not None
    found.forget_key(folder)
    assert not backend.kept
    assert not Cloud().connection.has_key


def test_a_computer_without_a_keyring_says_so(config_dir: Path) -> None:
    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]  # keyring's
    try:
        with pytest.raises(CloudError, match="has no keyring that Python can use"):
            CloudFile("https://cloud.example.org", "maria", "bkp_1", in_keyring=True).save(Folder(config_dir))
        assert not list(config_dir.iterdir())
    finally:
        keyring.set_keyring(before)
