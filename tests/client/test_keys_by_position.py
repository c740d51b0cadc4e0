"""API keys as positional arguments; they are never taken for something else, and never shown."""

import traceback
from collections.abc import Callable

import pytest
from bokeh.plotting import figure, reset_output, show

import bokeh_cloud
from bokeh_cloud import Cloud, CloudError, NotPublishable, Server
from bokeh_cloud.key_format import hide_keys, is_api_key
from tests.support.users import RunningCloud

WRONG = "bkp_" + "a1B2" * 9 + "Zz"
CUT = WRONG[:25]


def line() -> figure:
    plot = figure()
    plot.line([0, 1], [0, 1])
    return plot


@pytest.mark.parametrize("kind", [Server, Cloud])
def test_a_key_may_be_the_only_argument(
    kind: type[Server], accounts: RunningCloud, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOKEH_CLOUD_URL", accounts.url)
    assert (kind(key).url, kind(key).user_id) == (accounts.url, "maria")


@pytest.mark.parametrize("kind", [Server, Cloud])
def test_url_and_key_may_be_swapped(kind: type[Server], accounts: RunningCloud, key: str) -> None:
    for server in (kind(accounts.url, key), kind(key, accounts.url), kind(apikey=key, url=accounts.url)):
        assert (server.url, server.user_id) == (accounts.url, "maria")


def test_a_key_needs_a_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOKEH_CLOUD_URL")
    with pytest.raises(CloudError, match="No cloud is configured"):
        Cloud(WRONG)


@pytest.mark.parametrize("arguments", ["key", "key, name", "name, key"])
def test_show_publishes_with_a_key(
    arguments: str, accounts: RunningCloud, key: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("BOKEH_CLOUD_URL", accounts.url)
    monkeypatch.setenv("BOKEH_CLOUD_BROWSER", "no")
    values = {"key": key, "name": f"by position {arguments}"}
    cloud = bokeh_cloud.output_cloud(*(values[name] for name in arguments.split(", ")))
    try:
        show(line())
    finally:
        reset_output()
    assert isinstance(cloud, Cloud)
    printed = capsys.readouterr().out
    [plot] = [plot for plot in cloud.plots() if plot.url in printed]
    assert "name" not in arguments or plot.name == values["name"]
    assert not is_api_key(plot.name)
    plot.delete()


def test_output_server_returns_the_server(cloud: str) -> None:
    assert bokeh_cloud.output_server(cloud).url == cloud
    reset_output()


@pytest.mark.parametrize(
    "call",
    [
        lambda key, url: Server(key, key),
        lambda key, url: Server(url).publish(line(), key),
        lambda key, url: Server(f"http://example.org/{key}?a"),
        lambda key, url: Server(f"https://{key}:x"),
        lambda key, url: Server(f"lab-{key}"),
        lambda key, url: Server(url).plot(key),
        lambda key, url: Server(url).source(key),
        lambda key, url: Server("http://example.org", key),
        lambda key, url: Server(url, key).plots(),
        lambda key, url: bokeh_cloud.output_cloud(key, key),
    ],
)
@pytest.mark.parametrize("wrong", [WRONG, CUT])
def test_no_message_shows_a_key(
    call: Callable[[str, str], object], wrong: str, accounts: RunningCloud
) -> None:
    with pytest.raises((CloudError, TypeError)) as caught:
        call(wrong, accounts.url)
    text = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert wrong not in text
    assert wrong[4:].lower() not in text.lower()


def test_a_key_cannot_name_a_plot(server: Server) -> None:
    with pytest.raises(NotPublishable, match="This name is an API key"):
        server.publish(line(), WRONG)
    assert WRONG not in {plot.name for plot in server.plots()}


OTHERS = ("bkp_...", "bkp_1", "https://example.org", "backup_of_my_plots_in_march", "bk_1234567890123456789")


def test_the_form_of_keys() -> None:
    assert is_api_key(f" {WRONG}\n")
    assert is_api_key(CUT)
    for text in OTHERS:
        assert not is_api_key(text)
        assert hide_keys(text) == text
    assert hide_keys(f"the key {WRONG} and {CUT}.") == "the key bkp_... and bkp_...."
