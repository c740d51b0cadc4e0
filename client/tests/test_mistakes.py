"""Whatever goes wrong, the message says what happened and what to do."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
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
from bokeh_cloud import CloudError, NotPermitted, NotPublishable, Rejected, Server, ServerUnreachable

from .inmemory import InMemoryCloud, Problem, listening


def drawn() -> figure:
    made = figure()
    made.line([0, 1], [0, 1])
    return made


def refusing(cloud: InMemoryCloud, on: str, status: int, slug: str, detail: str) -> None:
    def refuse(method: str, path: str) -> None:
        if path.startswith(on):
            raise Problem(status, slug, detail)

    cloud.trouble = refuse


def test_server_down() -> None:
    with pytest.raises(
        ServerUnreachable, match=r"cannot be reached \(.*refused\). Is it running.*bokeh-cloud serve"
    ):
        Server("http://localhost:1").publish(drawn(), "x")


def test_key_wrong() -> None:
    with listening(InMemoryCloud(apikey="bkp_right")) as url, pytest.raises(NotPermitted) as error:
        Server(url, apikey="bkp_wrong").publish(drawn(), "x")
    assert f"bokeh-cloud login {url}" in str(error.value)
    assert "bkp_wrong" not in str(error.value)


@pytest.mark.parametrize("on", ["/local/data/chunks", "/local/store"])
def test_quota_full(server: Server, cloud: InMemoryCloud, on: str) -> None:
    detail = "You use 10 of 10 MB. Delete plots, and run `bokeh-cloud gc run`."
    refusing(cloud, on, 403, "quota-exceeded", detail)
    with pytest.raises(Rejected, match=r"Quota exceeded\. You use 10 of 10 MB.*gc run"):
        server.publish(drawn(), "x")
    assert not cloud.plots


def test_disk_of_the_server_full(
    server: Server, cloud: InMemoryCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bokeh_cloud.connection._PatientRetry.sleep", lambda *_: None)
    refusing(cloud, "/local/data", 503, "unavailable", "The storage is full.")
    with pytest.raises(ServerUnreachable, match=r"The storage is full.*answered 503"):
        server.publish(drawn(), "x")


@pytest.mark.parametrize(
    ("nothing", "says"),
    [
        ([], "There is nothing to publish: add a figure"),
        (Document(), "There is nothing to publish: add a figure"),
        (None, "NoneType is not a Bokeh object: publish a figure"),
        ("figure", "str is not a Bokeh object"),
    ],
)
def test_nothing_in_it(server: Server, cloud: InMemoryCloud, nothing: object, says: str) -> None:
    with pytest.raises(NotPublishable, match=says):
        server.publish(nothing, "x")  # type: ignore[arg-type]  # that is the point
    assert not cloud.requests


@pytest.mark.parametrize("empty", [figure(), column()], ids=["figure", "layout"])
def test_a_figure_with_nothing_in_it_is_published_and_said(
    server: Server, empty: object, caplog: pytest.LogCaptureFixture
) -> None:
    server.publish(empty, "x")  # type: ignore[arg-type]  # both are models
    assert "is empty" in caplog.text


def test_a_name_that_is_taken(server: Server, cloud: InMemoryCloud) -> None:
    refusing(cloud, "/local/store", 409, "conflict", "The name is taken.")
    with pytest.raises(Rejected, match=r"The name is taken.*answered 409"):
        server.publish(drawn(), "x")


class Quiet(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep quiet."""


@contextmanager
def behind_tls(folder: Path, start: datetime, end: datetime) -> Iterator[str]:
    """A server whose certificate nobody vouches for, valid from `start` to `end`."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")]),
    )
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), start, end)
    signed = made.add_extension(names, critical=False).sign(key, hashes.SHA256())
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "server.pem").write_bytes(secret + signed.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    with HTTPServer(("127.0.0.1", 0), Quiet) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def certificate(days: int) -> tuple[datetime, datetime]:
    now = datetime.now(UTC)
    return now + timedelta(days - 1), now + timedelta(days + 1)


def test_certificate_bad(tmp_path: Path) -> None:
    with behind_tls(tmp_path, *certificate(0)) as url, pytest.raises(ServerUnreachable) as error:
        Server(url, apikey="bkp_1").plots()
    assert "cannot be trusted (self-signed certificate" in str(error.value)
    assert "BOKEH_CLOUD_CA_BUNDLE" in str(error.value)


@pytest.mark.parametrize("days", [-10, 10])
def test_clock_off(tmp_path: Path, days: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOKEH_CLOUD_CA_BUNDLE", str(tmp_path / "server.pem"))
    with behind_tls(tmp_path, *certificate(days)) as url, pytest.raises(ServerUnreachable) as error:
        Server(url).plots()
    assert f"This computer's clock says {datetime.now(UTC):%Y-%m-%d}" in str(error.value)


def test_one_s_own_certificate_can_be_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOKEH_CLOUD_CA_BUNDLE", str(tmp_path / "server.pem"))
    with behind_tls(tmp_path, *certificate(0)) as url, pytest.raises(CloudError, match="501"):
        Server(url).plots()


def test_a_file_of_certificates_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOKEH_CLOUD_CA_BUNDLE", "/nowhere.pem")
    with pytest.raises(bokeh_cloud.ServerUnreachable, match=r"/nowhere\.pem"):
        Server("https://localhost:1").plots()
