"""The users of a running cloud with accounts, each with a browser session, a mailbox and API keys."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.support.embedded_server import one_process
from tests.support.mailbox import Inbox, Mailbox, smtp_server
from tests.support.waiting import wait_until

TIMEOUT = 30
MAIL_SECONDS = 60


@dataclass
class RunningCloud:
    """A running cloud with accounts, and the mail that it sent.

    Attributes:
        url: where it runs.
        mailbox: the messages that it sent.
        log_file: what its processes print.
        error_responses: the headers and bodies of all responses with status 400 or above.
        service_urls: the URLs of the services behind the gateway, if each is a process of its own.
    """

    url: str
    mailbox: Inbox
    log_file: Path = Path(os.devnull)
    error_responses: list[str] = field(default_factory=list)
    service_urls: list[str] = field(default_factory=list)

    def mails_to(self, email: str) -> list[str]:
        """Return the bodies of the mails to an address, oldest first."""
        bodies = [mail.get_body(("plain",)) for mail in self.mailbox.mails if mail["To"] == email]
        return [str(body.get_content()) for body in bodies if body is not None]

    def link_to(self, email: str, number: int = 1) -> str:
        """Wait for the `number`-th mail to an address, and return the link in it."""
        wait_until(lambda: len(self.mails_to(email)) >= number, MAIL_SECONDS)
        [link] = re.findall(rf"{re.escape(self.url)}/login/bko_\w+", self.mails_to(email)[number - 1])
        return str(link)

    def request(self, method: str, path: str, key: str | None = None, **options: Any) -> requests.Response:
        """Send a request as a program does, with an API key; `options` are those of `requests`."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        headers |= options.pop("headers", {})
        return self.record_error(
            requests.request(
                method, self.url + path, headers=headers, timeout=TIMEOUT, allow_redirects=False, **options
            )
        )

    def record_error(self, response: requests.Response) -> requests.Response:
        """Return a response, and keep it among `error_responses` if it is one."""
        if response.status_code >= 400:
            self.error_responses.append(f"{response.headers}\n{response.text}")
        return response

    def audit_entries(self) -> list[dict[str, Any]]:
        """Return the audited actions that were printed."""
        lines = [line for line in self.log_file.read_text().splitlines() if '"outcome"' in line]
        return [json.loads(line) for line in lines if line.startswith("{")]


@contextmanager
def start_cloud_with_accounts(
    storage: str, *, log_file: Path | None = None, **environ: str
) -> Iterator[RunningCloud]:
    """Start the embedded cloud with accounts, and a mail server.

    Args:
        storage: URL of its storage.
        log_file: a file for everything that the cloud prints.
        environ: more environment variables.
    """
    mailbox = Mailbox()
    with ExitStack() as stack:
        port = stack.enter_context(smtp_server(mailbox))
        output = stack.enter_context(log_file.open("wb")) if log_file else None
        environ["BOKEH_CLOUD_SMTP_URL"] = f"smtp://127.0.0.1:{port}"
        url = stack.enter_context(one_process(storage, "--accounts", output=output, **environ))
        yield RunningCloud(url, mailbox, log_file or Path(os.devnull))


@dataclass
class User:
    """A person who has an account, or registers one, and uses the cloud's pages."""

    cloud: RunningCloud
    name: str
    browser: requests.Session = field(default_factory=requests.Session)

    @property
    def email(self) -> str:
        """The email address."""
        return f"{self.name}@example.com"

    def get(self, path: str) -> requests.Response:
        """Open a page."""
        headers = {"Accept": "text/html"}
        return self.cloud.record_error(
            self.browser.get(self.cloud.url + path, headers=headers, timeout=TIMEOUT)
        )

    def post(self, path: str, form: dict[str, Any], **headers: str) -> requests.Response:
        """Send a form as a browser does from a page of the cloud."""
        own = {"Origin": self.cloud.url, "Sec-Fetch-Site": "same-origin", "Accept": "text/html", **headers}
        response = self.browser.post(
            self.cloud.url + path, data=form, headers=own, timeout=TIMEOUT, allow_redirects=False
        )
        return self.cloud.record_error(response)

    def sign_in(self, number: int) -> requests.Response:
        """Request a login link, which is in the `number`-th mail to this user, and use it."""
        assert self.post("/login", {"email": self.email}).status_code == 202
        return self.post(self.cloud.link_to(self.email, number).removeprefix(self.cloud.url), {})

    def form_token(self) -> str:
        """Return the token that protects the forms of the account page from forged requests."""
        [token, *_] = re.findall(r'name="form_token" value="(\w+)"', self.get("/account").text)
        return str(token)

    def register(self) -> str:
        """Register an account, and confirm it by the link in the mail; return that link."""
        assert self.post("/register", {"email": self.email, "username": self.name}).status_code == 202
        link = self.cloud.link_to(self.email)
        assert self.post(link.removeprefix(self.cloud.url), {}).status_code == 303
        return link

    def make_key(self, *scopes: str) -> str:
        """Make an API key on the account page, and return it."""
        form = {"form_token": self.form_token(), "name": "laptop", "scopes": list(scopes)}
        page = self.post("/account/keys", form)
        [key] = set(re.findall(r"bkp_\w{38}", page.text))
        return str(key)

    def ids(self, kind: str) -> list[str]:
        """Return the ids of the `keys` or `sessions` that the account page lists."""
        return re.findall(rf"/account/{kind}/(\w+)/", self.get(f"/account/{kind}").text)
