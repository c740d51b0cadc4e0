import pytest

from bokeh_cloud.address import Address, is_loopback, normalised, resolve
from bokeh_cloud.errors import CloudError, NotPermitted

HOME = {"BOKEH_CLOUD_URL": "https://plots.example.org/", "BOKEH_CLOUD_API_KEY": "bkp_home"}


def test_without_anything_it_is_this_computer() -> None:
    assert resolve(None, None, {}) == Address("http://localhost:5006", None)


def test_the_environment_names_server_and_key() -> None:
    assert resolve(None, None, HOME) == Address("https://plots.example.org", "bkp_home")


def test_arguments_win() -> None:
    assert resolve("https://other.org", "bkp_mine", HOME) == Address("https://other.org", "bkp_mine")


def test_the_key_of_the_environment_goes_to_its_own_server_alone() -> None:
    assert resolve("https://other.org", None, HOME).apikey is None
    assert resolve("HTTPS://Plots.Example.org", None, HOME).apikey == "bkp_home"


def test_a_key_without_a_url_goes_where_its_owner_says() -> None:
    assert resolve("https://other.org", None, {"BOKEH_CLOUD_API_KEY": "bkp_1\n"}).apikey == "bkp_1"


def test_a_key_is_not_shown() -> None:
    assert "bkp_home" not in repr(resolve(None, None, HOME))


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
        resolve(url, "bkp_1", {})
    assert "bkp_1" not in str(refusal.value)
    assert resolve(url, None, {}).url == url


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
        resolve(url, None, {})


def test_equal_urls_compare_equal() -> None:
    assert normalised(" HTTPS://Plots.Example.org:8443/ ") == "https://plots.example.org:8443"


def test_loopback() -> None:
    assert [is_loopback(host) for host in ("LOCALHOST", "::1", "127.0.0.1", "0.0.0.0", "example.org")] == [
        True, True, True, False, False,
    ]  # fmt: skip
