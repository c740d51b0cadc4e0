"""Messages, from templates to links."""

import re

import pytest

from bokeh_auth.container import AccountDomain
from bokeh_auth.credentials.one_time_links import LOGIN, REGISTER
from bokeh_auth.mail.messages import SUBJECTS, MessageWriter

from .mail import queued, text_of

LINK = re.compile(r"https://cloud\.example\.org/\S*")


def test_a_registration_message_has_a_valid_link(domain: AccountDomain, messages: MessageWriter) -> None:
    mail = messages.write(queued(REGISTER, user="ada"))
    assert mail is not None
    assert (mail["To"], mail["From"]) == ("ada@example.com", "Bokeh Cloud <noreply@example.org>")
    [link] = LINK.findall(text_of(mail))[:1]
    assert link in text_of(mail, "html")
    found = domain.links.redeem(link.removeprefix("https://cloud.example.org/login/"))
    assert found is not None
    assert (found.purpose, found.username) == (REGISTER, "ada")


def test_only_the_message_says_what_is_taken(domain: AccountDomain, messages: MessageWriter) -> None:
    domain.accounts.create("ada@example.com", "ada")
    known = messages.write(queued(REGISTER, user="eve"))
    taken = messages.write(queued(REGISTER, "eve@example.com", "ada"))
    assert known is not None
    assert taken is not None
    assert (known["Subject"], taken["Subject"]) == (SUBJECTS["account_exists"], SUBJECTS["username_taken"])
    assert "bko_" not in str(known) + str(taken)


def test_login_messages_are_sent_to_active_accounts_only(
    domain: AccountDomain, messages: MessageWriter
) -> None:
    assert messages.write(queued(LOGIN)) is None
    domain.accounts.create("ada@example.com", "ada")
    assert "bko_" in text_of(messages.write(queued(LOGIN)))
    domain.accounts.change("ada", disabled=True)
    assert messages.write(queued(LOGIN)) is None


def test_every_message_has_a_text_and_an_html_part(messages: MessageWriter) -> None:
    for name in SUBJECTS:
        mail = messages._message(name, "ada@example.com", "<ada>", "https://cloud.example.org/x")
        assert "https://cloud.example.org/x" in text_of(mail)
        assert "<ada>" not in text_of(mail, "html")


@pytest.mark.parametrize("email", ["ada@example.com\nBcc: eve@example.com", "ada@example.com\r\n\r\nhi"])
def test_headers_cannot_be_injected(messages: MessageWriter, email: str) -> None:
    with pytest.raises(ValueError, match=r"invalid|CR|newline"):
        messages._message("login", email, "ada", "x")
