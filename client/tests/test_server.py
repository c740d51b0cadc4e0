"""Publishing and listing, over real HTTP."""

import numpy as np
import pytest
from bokeh.plotting import figure

from bokeh_cloud import NotPermitted, NotPublishable, Rejected, Server

from .inmemory import InMemoryCloud, Problem, listening

UPLOAD = "PUT /local/data/chunks/HASH"


def sine(points: int = 1000, phase: float = 0) -> figure:
    x = np.linspace(0, 10, points)
    fig = figure(title="Sine")
    fig.line(x, np.sin(x + phase))
    return fig


def test_publishing_returns_a_plot_with_absolute_urls(server: Server, cloud: InMemoryCloud) -> None:
    plot = server.publish(sine(), "sine", title="A sine")
    assert (plot.name, plot.title, plot.version, plot.visibility, plot.unchanged) == (
        "sine",
        "A sine",
        1,
        "private",
        False,
    )
    assert plot.url == f"{cloud.url}/plots/{plot.id}/show"
    assert plot.embed_url == f"{cloud.url}/plots/{plot.id}/embed"
    assert repr(plot) == f"<Plot 'sine' version 1, private: {plot.url}>"


def test_publishing_again_uploads_nothing_and_creates_no_version(
    server: Server, cloud: InMemoryCloud
) -> None:
    first = server.publish(sine(), "sine")
    uploads = cloud.requests[UPLOAD]
    again = server.publish(sine(), "sine")
    assert uploads == 2
    assert cloud.requests[UPLOAD] == uploads
    assert (again.version, again.unchanged, again.url) == (1, True, first.url)


def test_a_new_version_uploads_only_the_changed_column(server: Server, cloud: InMemoryCloud) -> None:
    server.publish(sine(), "sine")
    plot = server.publish(sine(phase=1), "sine")
    assert (plot.version, plot.unchanged) == (2, False)
    assert cloud.requests[UPLOAD] == 3


def test_a_chunk_of_several_columns_is_uploaded_once(server: Server, cloud: InMemoryCloud) -> None:
    x = np.arange(1_000_000.0)
    fig = figure()
    fig.line(x, x)
    server.publish(fig, "same")
    assert cloud.requests[UPLOAD] == 2  # 8 MB: two chunks
    assert sum(map(len, cloud.chunks.values())) == x.nbytes


def test_data_collected_during_publishing_are_sent_again(server: Server, cloud: InMemoryCloud) -> None:
    def collect(method: str, path: str) -> None:
        if (method, path) == ("POST", "/local/data"):
            cloud.chunks.clear()
            cloud.before_request = lambda method, path: None

    cloud.before_request = collect
    assert server.publish(sine(), "sine").version == 1
    assert cloud.requests[UPLOAD] == 4


def test_other_errors_are_not_retried(server: Server, cloud: InMemoryCloud) -> None:
    def refuse(method: str, path: str) -> None:
        if path == "/local/store":
            raise Problem(422, "invalid-document", "The document has no roots.")

    cloud.before_request = refuse
    with pytest.raises(Rejected, match=r"Invalid document\. The document has no roots") as refusal:
        server.publish(sine(), "sine")
    assert refusal.value.slug == "invalid-document"
    assert cloud.requests["POST /local/store"] == 1


@pytest.mark.parametrize("name", ["", "a/b", "a\nb", "x" * 201])
def test_invalid_names_are_rejected_before_anything_is_sent(
    server: Server, cloud: InMemoryCloud, name: str
) -> None:
    with pytest.raises(NotPublishable, match="cannot name a plot"):
        server.publish(sine(), name)
    assert not cloud.requests


def test_names_may_contain_any_unicode(server: Server) -> None:
    server.publish(sine(), "Übersicht, 東京 🗼")
    assert [plot.name for plot in server.plots()] == ["Übersicht, 東京 🗼"]


def test_lists_follow_all_pages(server: Server) -> None:
    for name in "abcde":
        server.publish(sine(3), name)
    assert [plot.name for plot in server.plots()] == list("abcde")


def test_a_key_is_needed_and_never_shown() -> None:
    cloud = InMemoryCloud(apikey="bkp_secret")
    with listening(cloud) as url:
        with pytest.raises(NotPermitted, match="BOKEH_CLOUD_API_KEY"):
            Server(url).plots()
        server = Server(url, apikey="bkp_secret")
        assert server.publish(sine(), "sine").version == 1
        with pytest.raises(NotPermitted) as refusal:
            Server(url, apikey="bkp_wrong").plots()
    shown = [repr(server), repr(server.connection), repr(server._configuration), str(refusal.value)]
    assert "bkp_" not in "".join(shown)


def test_a_published_plot_round_trips(server: Server) -> None:
    fig = sine()
    back = server.publish(fig, "sine").to_json()
    x = np.linspace(0, 10, 1000)
    assert [buffer.data for buffer in back.buffers] == [x.tobytes(), np.sin(x).tobytes()]
    assert back.content["roots"][0]["id"] == fig.id
