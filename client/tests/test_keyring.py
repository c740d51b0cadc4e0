"""API keys in the keyring of the operating system, which a backend in memory replaces here."""

from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backend
import pytest
from keyring.backends import fail

from bokeh_cloud import Cloud, CloudError
from bokeh_cloud.config import CloudFile, ConfigFolder


class MemoryBackend(keyring.backend.KeyringBackend):
    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring's
        self.passwords: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.passwords.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.passwords[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.passwords[service, username]


@pytest.fixture
def backend() -> Iterator[MemoryBackend]:
    before, backend = keyring.get_keyring(), MemoryBackend()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


def test_the_key_is_only_in_the_keyring(backend: MemoryBackend, config_dir: Path) -> None:
    folder = ConfigFolder(config_dir)
    CloudFile("https://cloud.example.org", "maria", "bkp_1", in_keyring=True).save(folder)
    assert "bkp_1" not in (config_dir / "cloud.cfg").read_text()
    assert backend.passwords == {("bokeh-cloud", "https://cloud.example.org"): "bkp_1"}
    assert Cloud().connection.has_key
    found = CloudFile.load(folder)
    assert found is not None
    found.forget_key(folder)
    assert not backend.passwords
    assert not Cloud().connection.has_key


def test_a_computer_without_a_keyring_is_an_error(config_dir: Path) -> None:
    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]  # keyring's
    try:
        with pytest.raises(CloudError, match="has no keyring that Python can use"):
            CloudFile("https://cloud.example.org", "maria", "bkp_1", in_keyring=True).save(
                ConfigFolder(config_dir)
            )
        assert not list(config_dir.iterdir())
    finally:
        keyring.set_keyring(before)
