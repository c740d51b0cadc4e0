"""Words on the pages of an account: browsers, actions, and the page after a request for a link."""

import re

import requests

from bokeh_web.resources.account import ACTIONS
from tests import ROOT
from tests.support.users import TIMEOUT, RunningCloud, User

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
AUDITED = re.compile(r'"((?:account|keys|shares|sessions|login|logout)\.[a-z]+)"')


def test_every_audited_action_has_words() -> None:
    sources = [*(ROOT / "services/auth/bokeh_auth").rglob("*.py")]
    found = {name for path in sources for name in AUDITED.findall(path.read_text())}
    assert len(found) > 9
    assert found - {name for name in found if name.endswith(".json")} <= ACTIONS.keys()


def test_a_session_has_a_readable_name(cloud: RunningCloud, ada: User) -> None:
    other = User(cloud, "ada")
    other.browser.headers["User-Agent"] = AGENT
    other.sign_in(len(cloud.mails_to(ada.email)) + 1)
    assert ">Firefox on Linux</strong>" in ada.get("/account/sessions").text


def test_another_link_can_be_requested(cloud: RunningCloud) -> None:
    form = {"email": "new@example.com", "username": "newcomer"}
    headers = {"Accept": "text/html", "Origin": cloud.url}
    for path in ("/register", "/login"):
        page = requests.post(cloud.url + path, data=form, headers=headers, timeout=TIMEOUT).text
        [sent] = re.findall(r'<form class="form" method="post" action="(.*?)".*?</form>', page, re.DOTALL)
        assert sent == path
        assert 'name="email" value="new@example.com"' in page
        assert ('name="username"' in page) is (path == "/register")
    gone = requests.get(f"{cloud.url}/login/bko_{'x' * 38}", headers=headers, timeout=TIMEOUT)
    assert 'href="/login">Send me a new link</a>' in gone.text
