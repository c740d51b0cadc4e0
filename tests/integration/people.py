"""People, for the tests of a cloud with accounts: each has a browser, a mailbox and a program."""

import json
import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from tests.mailbox import Box

TIMEOUT = 30
MAIL_SECONDS = 20


@dataclass
class Cloud:
    """A running cloud with accounts, and the mail that it sent."""

    url: str
    box: Box
    printed: Path = Path(os.devnull)
    mistakes: list[str] = field(default_factory=list)  # the answers to what went wrong
    services: list[str] = field(default_factory=list)  # their own URLs, where they have some

    def mails_to(self, email: str) -> list[str]:
        """Return the texts of the mails to an address, oldest first."""
        mails = [mail for mail in self.box.mails if mail["To"] == email]
        return [str(mail.get_body(("plain",)).get_content()) for mail in mails]  # type: ignore[union-attr]  # all have it

    def link_to(self, email: str, number: int = 1) -> str:
        """Wait for the given mail to an address, and return the link in it."""
        deadline = time.monotonic() + MAIL_SECONDS
        while len(self.mails_to(email)) < number and time.monotonic() < deadline:
            time.sleep(0.05)
        [link] = re.findall(rf"{re.escape(self.url)}/login/bko_\w+", self.mails_to(email)[number - 1])
        return str(link)

    def request(self, method: str, path: str, key: str | None = None, **how: Any) -> requests.Response:
        """Ask as a program, with a key."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        headers |= how.pop("headers", {})
        return self.noted(
            requests.request(
                method, self.url + path, headers=headers, timeout=TIMEOUT, allow_redirects=False, **how
            )
        )

    def noted(self, answer: requests.Response) -> requests.Response:
        """Return an answer, and keep it when it is an error."""
        if answer.status_code >= 400:
            self.mistakes.append(f"{answer.headers}\n{answer.text}")
        return answer

    def acts(self) -> list[dict[str, Any]]:
        """Return the entries of the audit log that were printed."""
        lines = [line for line in self.printed.read_text().splitlines() if '"outcome"' in line]
        return [json.loads(line) for line in lines if line.startswith("{")]


@dataclass
class Person:
    """Somebody with a browser."""

    cloud: Cloud
    name: str
    browser: requests.Session = field(default_factory=requests.Session)

    @property
    def email(self) -> str:
        """Where their mail goes."""
        return f"{self.name}@example.com"

    def get(self, path: str) -> requests.Response:
        """Open a page."""
        headers = {"Accept": "text/html"}
        return self.cloud.noted(self.browser.get(self.cloud.url + path, headers=headers, timeout=TIMEOUT))

    def post(self, path: str, form: dict[str, Any], **headers: str) -> requests.Response:
        """Send a form, as a browser does from a page of the cloud."""
        sent = {"Origin": self.cloud.url, "Sec-Fetch-Site": "same-origin", "Accept": "text/html", **headers}
        answer = self.browser.post(
            self.cloud.url + path, data=form, headers=sent, timeout=TIMEOUT, allow_redirects=False
        )
        return self.cloud.noted(answer)

    def sign_in(self, number: int) -> requests.Response:
        """Ask for a login link, which is in the given mail to this person, and use it."""
        assert self.post("/login", {"email": self.email}).status_code == 202
        return self.post(self.cloud.link_to(self.email, number).removeprefix(self.cloud.url), {})

    def form_token(self) -> str:
        """Return what the forms of the account page carry."""
        [token, *_] = re.findall(r'name="form_token" value="(\w+)"', self.get("/account").text)
        return str(token)

    def register(self) -> str:
        """Ask for an account and open the link in the mail; return that link."""
        assert self.post("/register", {"email": self.email, "username": self.name}).status_code == 202
        link = self.cloud.link_to(self.email)
        assert self.post(link.removeprefix(self.cloud.url), {}).status_code == 303
        return link

    def make_key(self, *scopes: str) -> str:
        """Make a key on the account page, and read it there."""
        form = {"form_token": self.form_token(), "name": "laptop", "scopes": list(scopes)}
        page = self.post("/account/keys", form)
        [key] = set(re.findall(r"bkp_\w{38}", page.text))
        return str(key)

    def ids(self, kind: str) -> list[str]:
        """Return the ids of the keys or sessions on the account page."""
        return re.findall(rf"/account/{kind}/(\w+)/", self.get(f"/account/{kind}").text)
