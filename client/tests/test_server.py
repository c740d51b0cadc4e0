"""Publishing and listing, over real HTTP."""

import numpy as np
import pytest
from bokeh.plotting import figure

from bokeh_cloud import NotPermitted, NotPublishable, Rejected, Server

from .inmemory import InMemoryCloud, Problem, listening

UPLOAD = "PUT /local/data/chunks/HASH"


def sine(points: int = 1000, phase: float = 0) -> figure:
    x = np.linspace(0, 10, points)
    drawn = figure(title="Sine")
    drawn.line(x, np.sin(x + phase))
    return drawn


def test_publishing_gives_a_plot_with_absolute_urls(server: Server, cloud: InMemoryCloud) -> None:
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


def test_publishing_twice_uploads_nothing_and_makes_no_version(server: Server, cloud: InMemoryCloud) -> None:
    first = server.publish(sine(), "sine")
    uploads = cloud.requests[UPLOAD]
    again = server.publish(sine(), "sine")
    assert uploads == 2
    assert cloud.requests[UPLOAD] == uploads
    assert (again.version, again.unchanged, again.url) == (1, True, first.url)


def test_a_changed_column_is_the_only_upload_of_a_new_version(server: Server, cloud: InMemoryCloud) -> None:
    server.publish(sine(), "sine")
    plot = server.publish(sine(phase=1), "sine")
    assert (plot.version, plot.unchanged) == (2, False)
    assert cloud.requests[UPLOAD] == 3


def test_one_chunk_needed_by_several_columns_is_sent_once(server: Server, cloud: InMemoryCloud) -> None:
    x = np.arange(1_000_000.0)
    drawn = figure()
    drawn.line(x, x)
    server.publish(drawn, "same")
    assert cloud.requests[UPLOAD] == 2  # 8 MB: two chunks
    assert sum(map(len, cloud.chunks.values())) == x.nbytes


def test_data_collected_during_publishing_are_sent_again(server: Server, cloud: InMemoryCloud) -> None:
    def collect(method: str, path: str) -> None:
        if (method, path) == ("POST", "/local/data"):
            cloud.chunks.clear()
            cloud.trouble = lambda method, path: None

    cloud.trouble = collect
    assert server.publish(sine(), "sine").version == 1
    assert cloud.requests[UPLOAD] == 4


def test_other_refusals_are_told_once(server: Server, cloud: InMemoryCloud) -> None:
    def refuse(method: str, path: str) -> None:
        if path == "/local/store":
            raise Problem(422, "invalid-document", "The document has no roots.")

    cloud.trouble = refuse
    with pytest.raises(Rejected, match=r"Invalid document\. The document has no roots") as refusal:
        server.publish(sine(), "sine")
    assert refusal.value.slug == "invalid-document"
    assert cloud.requests["POST /local/store"] == 1


@pytest.mark.parametrize("name", ["", "a/b", "a\nb", "x" * 201])
def test_names_that_cannot_be_are_refused_before_anything_is_sent(
    server: Server, cloud: InMemoryCloud, name: str
) -> None:
    with pytest.raises(NotPublishable, match="cannot name a plot"):
        server.publish(sine(), name)
    assert not cloud.requests


def test_names_may_be_in_any_script(server: Server) -> None:
    server.publish(sine(), "Übersicht, 東京 🗼")
    assert [plot.name for plot in server.plots()] == ["Übersicht, 東京 🗼"]


def test_lists_follow_their_pages(server: Server) -> None:
    for name in "abcde":
        server.publish(sine(3), name)
    assert [plot.name for plot in server.plots()] == list("abcde")


def test_a_key_opens_its_server_and_shows_nowhere() -> None:
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


def test_a_published_plot_comes_back_as_it_was(server: Server) -> None:
    drawn = sine()
    back = server.publish(drawn, "sine").to_json()
    x = np.linspace(0, 10, 1000)
    assert [buffer.data for buffer in back.buffers] == [x.tobytes(), np.sin(x).tobytes()]
    assert back.content["roots"][0]["id"] == drawn.id
