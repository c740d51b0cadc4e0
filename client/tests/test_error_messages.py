"""Error messages say what is wrong and what to do."""

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import EntryPoint, EntryPoints
from ipaddress import ip_address
from pathlib import Path

import pytest
from bokeh.document import Document
from bokeh.layouts import column
from bokeh.plotting import figure
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import bokeh_cloud
from bokeh_cloud import (
    CloudError,
    NotFound,
    NotPermitted,
    NotPublishable,
    Rejected,
    Server,
    ServerUnreachable,
    server_commands,
)

from .inmemory import InMemoryCloud, Problem, listening


def make_figure() -> figure:
    fig = figure()
    fig.line([0, 1], [0, 1])
    return fig


def reject(cloud: InMemoryCloud, prefix: str, status: int, slug: str, detail: str) -> None:
    def raise_problem(method: str, path: str) -> None:
        if path.startswith(prefix):
            raise Problem(status, slug, detail)

    cloud.before_request = raise_problem


def test_unreachable_server(monkeypatch: pytest.MonkeyPatch) -> None:
    serve = EntryPoint("serve", "bokeh_cloud_server.serve:serve", server_commands.ENTRY_POINT_GROUP)
    monkeypatch.setattr(server_commands, "entry_points", EntryPoints([serve]).select)
    with pytest.raises(
        ServerUnreachable, match=r"cannot be reached \(.*refused\). Is it running.*bokeh-cloud serve"
    ):
        Server("http://localhost:1").publish(make_figure(), "x")


def test_unreachable_server_without_the_command_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_commands, "entry_points", EntryPoints().select)
    with pytest.raises(
        ServerUnreachable, match=r"Set it with.*a server comes with the source code.*`make run`"
    ):
        Server("http://localhost:1").plots()


def test_wrong_key() -> None:
    with listening(InMemoryCloud(apikey="bkp_right")) as url, pytest.raises(NotPermitted) as error:
        Server(url, apikey="bkp_wrong").publish(make_figure(), "x")
    assert f"bokeh-cloud login {url}" in str(error.value)
    assert "bkp_wrong" not in str(error.value)


@pytest.mark.parametrize("prefix", ["/local/data/chunks", "/local/store"])
def test_exceeded_quota(server: Server, cloud: InMemoryCloud, prefix: str) -> None:
    detail = "You use 10 of 10 MB. Delete plots, and run `bokeh-cloud gc run`."
    reject(cloud, prefix, 403, "quota-exceeded", detail)
    with pytest.raises(Rejected, match=r"Quota exceeded\. You use 10 of 10 MB.*gc run"):
        server.publish(make_figure(), "x")
    assert not cloud.plots


def test_full_disk_of_the_server(
    server: Server, cloud: InMemoryCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bokeh_cloud.connection._BoundedRetry.sleep", lambda *_: None)
    reject(cloud, "/local/data", 503, "unavailable", "The storage is full.")
    with pytest.raises(ServerUnreachable, match=r"The storage is full.*responded with 503"):
        server.publish(make_figure(), "x")


@pytest.mark.parametrize(
    ("obj", "message"),
    [
        ([], "There is nothing to publish: add a figure"),
        (Document(), "There is nothing to publish: add a figure"),
        (None, "NoneType is not a Bokeh object: publish a figure"),
        ("figure", "str is not a Bokeh object"),
    ],
)
def test_objects_that_cannot_be_published(
    server: Server, cloud: InMemoryCloud, obj: object, message: str
) -> None:
    with pytest.raises(NotPublishable, match=message):
        server.publish(obj, "x")  # type: ignore[arg-type]  # invalid on purpose
    assert not cloud.requests


@pytest.mark.parametrize("container", [figure(), column()], ids=["figure", "layout"])
def test_an_empty_figure_is_published_with_a_warning(
    server: Server, container: object, caplog: pytest.LogCaptureFixture
) -> None:
    server.publish(container, "x")  # type: ignore[arg-type]  # both are models
    assert "is empty" in caplog.text


def test_name_that_is_taken(server: Server, cloud: InMemoryCloud) -> None:
    reject(cloud, "/local/store", 409, "conflict", "The name is taken.")
    with pytest.raises(Rejected, match=r"The name is taken.*responded with 409"):
        server.publish(make_figure(), "x")


class SilentHandler(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing."""


@contextmanager
def behind_tls(folder: Path, start: datetime, end: datetime) -> Iterator[str]:
    """Start a server with a self-signed certificate that is valid from `start` to `end`."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")]),
    )
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), start, end)
    signed = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(secret + signed.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    with HTTPServer(("127.0.0.1", 0), SilentHandler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def validity(days: int) -> tuple[datetime, datetime]:
    now = datetime.now(UTC)
    return now + timedelta(days - 1), now + timedelta(days + 1)


def test_untrusted_certificate(tmp_path: Path) -> None:
    with behind_tls(tmp_path, *validity(0)) as url, pytest.raises(ServerUnreachable) as error:
        Server(url, apikey="bkp_1").plots()
    assert "cannot be trusted (self-signed certificate" in str(error.value)
    assert "BOKEH_CLOUD_CA_BUNDLE" in str(error.value)


@pytest.mark.parametrize("days", [-10, 10])
def test_expired_certificate_or_wrong_clock(
    tmp_path: Path, days: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOKEH_CLOUD_CA_BUNDLE", str(tmp_path / "server.pem"))
    with behind_tls(tmp_path, *validity(days)) as url, pytest.raises(ServerUnreachable) as error:
        Server(url).plots()
    assert f"This computer's clock says {datetime.now(UTC):%Y-%m-%d}" in str(error.value)


def test_a_private_certificate_can_be_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOKEH_CLOUD_CA_BUNDLE", str(tmp_path / "server.pem"))
    with behind_tls(tmp_path, *validity(0)) as url, pytest.raises(CloudError, match="501"):
        Server(url).plots()


def test_https_to_a_server_of_plain_http(cloud: InMemoryCloud) -> None:
    started = time.monotonic()
    with pytest.raises(ServerUnreachable, match=r"does not use TLS. Is its address http://127"):
        Server(cloud.url.replace("http", "https")).plots()
    assert time.monotonic() - started < 1


def test_missing_file_of_certificates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOKEH_CLOUD_CA_BUNDLE", "/nowhere.pem")
    with pytest.raises(bokeh_cloud.ServerUnreachable, match=r"/nowhere\.pem"):
        Server("https://localhost:1").plots()


@pytest.mark.parametrize("page", ["plots", "account"])
def test_the_address_of_a_page_is_not_that_of_the_server(cloud: InMemoryCloud, page: str) -> None:
    with pytest.raises(NotFound, match=f"use {cloud.url}[.]$"):
        Server(f"{cloud.url}/{page}").plots()


@pytest.mark.parametrize(
    ("text", "url"), [("localhost:5107", "http://localhost:5107"), ("a.example.org", "https://a.example.org")]
)
def test_an_address_without_a_scheme_is_not_a_nickname(text: str, url: str) -> None:
    with pytest.raises(CloudError, match=f"Did you mean {url}[?]"):
        Server(text)


def test_connections_of_writers_do_not_say_how_to_start_a_server() -> None:
    connection = Server("http://localhost:1").connection.without_retries()
    with pytest.raises(ServerUnreachable, match=r"^http://localhost:1 cannot be reached \([^)]*\)\.$"):
        connection.request("GET", "/whoami")


def test_a_key_without_a_scope_is_replaced_by_a_login_with_it(server: Server, cloud: InMemoryCloud) -> None:
    detail = "This key does not have the scope 'keys:write'; create one that has it."
    reject(cloud, "/local/plots", 403, "forbidden", detail)
    with pytest.raises(NotPermitted, match=f"bokeh-cloud login {server.url} --scope keys:write` makes one"):
        server.plots()


def test_a_dtype_that_numpy_does_not_have(server: Server) -> None:
    with pytest.raises(CloudError, match="write float, int, bool, str, datetime"):
        server.DataSource("a", dtypes={"t": "datetime"})
