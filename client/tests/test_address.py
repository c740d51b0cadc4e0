import pytest

from bokeh_cloud.config.address import Address, is_loopback, normalised
from bokeh_cloud.errors import CloudError, NotPermitted


@pytest.mark.parametrize(
    "url", ["http://localhost:5006", "http://127.0.0.1", "http://127.8.8.8", "http://[::1]:80"]
)
def test_a_key_may_travel_unencrypted_within_this_computer(url: str) -> None:
    assert Address(url, "bkp_1").apikey == "bkp_1"


@pytest.mark.parametrize(
    "url", ["http://plots.example.org", "http://localhost.example.org", "http://10.0.0.1"]
)
def test_a_key_never_travels_unencrypted_elsewhere(url: str) -> None:
    with pytest.raises(NotPermitted, match="use its https:// address") as refusal:
        Address(url, "bkp_1")
    assert "bkp_1" not in str(refusal.value)
    assert Address(url, None).url == url


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
def test_what_is_no_server_is_refused(url: str) -> None:
    with pytest.raises(CloudError):
        normalised(url)


def test_equal_urls_compare_equal() -> None:
    assert normalised(" HTTPS://Plots.Example.org:8443/ ") == "https://plots.example.org:8443"
    assert normalised("https://plots.example.org:443") == normalised("https://plots.example.org/")
    assert normalised("http://[::1]:80/cloud/") == "http://[::1]/cloud"


def test_a_key_is_not_shown() -> None:
    assert "bkp_1" not in repr(Address("https://plots.example.org", "bkp_1"))


def test_loopback() -> None:
    assert [is_loopback(host) for host in ("LOCALHOST", "::1", "127.0.0.1", "0.0.0.0", "example.org")] == [
        True, True, True, False, False,
    ]  # fmt: skip
