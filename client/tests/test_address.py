import pytest

from bokeh_cloud.config.address import ServerAddress, is_loopback, normalise_url
from bokeh_cloud.errors import CloudError, NotPermitted


@pytest.mark.parametrize(
    "url", ["http://localhost:5006", "http://127.0.0.1", "http://127.8.8.8", "http://[::1]:80"]
)
def test_a_key_may_be_sent_unencrypted_to_this_computer(url: str) -> None:
    assert ServerAddress(url, "bkp_1").apikey == "bkp_1"


@pytest.mark.parametrize(
    "url", ["http://plots.example.org", "http://localhost.example.org", "http://10.0.0.1"]
)
def test_a_key_is_never_sent_unencrypted_to_other_computers(url: str) -> None:
    with pytest.raises(NotPermitted, match="use its https:// address") as refusal:
        ServerAddress(url, "bkp_1")
    assert "bkp_1" not in str(refusal.value)
    assert ServerAddress(url, None).url == url


@pytest.mark.parametrize(
    "url",
    [
        "localhost:5006",
        "plots.example.org",
        "ftp://example.org",
        "https://",
        "http://x:port",
        "https://a:b@c",
        "https://c?q",
    ],
)
def test_urls_of_other_kinds_are_rejected(url: str) -> None:
    with pytest.raises(CloudError):
        normalise_url(url)


def test_equal_urls_compare_equal() -> None:
    assert normalise_url(" HTTPS://Plots.Example.org:8443/ ") == "https://plots.example.org:8443"
    assert normalise_url("https://plots.example.org:443") == normalise_url("https://plots.example.org/")
    assert normalise_url("http://[::1]:80/cloud/") == "http://[::1]/cloud"


def test_the_repr_contains_no_key() -> None:
    assert "bkp_1" not in repr(ServerAddress("https://plots.example.org", "bkp_1"))


def test_loopback() -> None:
    assert [is_loopback(host) for host in ("LOCALHOST", "::1", "127.0.0.1", "0.0.0.0", "example.org")] == [
        True, True, True, False, False,
    ]  # fmt: skip
