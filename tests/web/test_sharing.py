"""What the dialog "Share" offers: what works for others, or what to do so that it does."""

import re

import pytest
import requests
from bokeh.plotting import figure

import bokeh_cloud
from bokeh_cloud import CloudError
from tests.support.users import TIMEOUT, RunningCloud, User
from tests.web.publishing import publish


def dialog_of(page: str) -> str:
    """Return the HTML of the dialog."""
    return page.partition('<div id="share"')[2].partition('<div id="download"')[0]


def test_the_first_button_of_a_private_plot_creates_a_link(cloud: RunningCloud, ada: User, key: str) -> None:
    plot = publish(cloud, key, "not yet shared")
    dialog = dialog_of(ada.get(f"/plots/{plot.id}/show").text)
    before, _, after = dialog.partition("Create a link</button>")
    assert "This plot is private" in before
    assert plot.url not in before
    assert "Embed" not in after, "no other site can show it yet"
    page = ada.post(f"/plots/{plot.id}/shares", {"form_token": ada.form_token()}).text
    [path] = re.findall(r'id="new-share-link" value="[^"]*(/plots/[^"]+)"', page)
    assert requests.get(cloud.url + path, timeout=TIMEOUT).ok


def test_the_first_address_of_an_open_plot_works_for_others(cloud: RunningCloud, ada: User, key: str) -> None:
    for scale in (1, 2):
        plot = publish(cloud, key, "shared openly", "link", scale=scale)
    for query in ("", "?version=1"):
        dialog = dialog_of(ada.get(f"/plots/{plot.id}/show{query}").text)
        [address] = re.findall(r'id="link" value="([^"]+)"', dialog.partition("<form")[0])
        assert address == plot.url, "others see the newest version only"
        assert requests.get(address, timeout=TIMEOUT).ok


def test_without_accounts_the_dialog_says_how_to_share(open_cloud: str) -> None:
    fig = figure(title="For this computer")
    fig.line([0, 1], [0, 1])
    plot = bokeh_cloud.Server(open_cloud).publish(fig, "alone")
    page = requests.get(plot.url, timeout=TIMEOUT).text
    dialog = dialog_of(page)
    assert "--accounts" in dialog
    assert "<form" not in dialog, "neither visibility nor links have a meaning"
    assert "Private</span>" not in page
    with pytest.raises(CloudError, match=r"no share links.*--accounts.*Download"):
        plot.share()
    listed = requests.get(f"{open_cloud}/plots", timeout=TIMEOUT).text
    assert 'value="delete"' in listed
    assert 'value="public"' not in listed
