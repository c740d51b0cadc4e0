"""Requests for login mail from remembered browsers are counted apart from those of strangers."""

from collections.abc import Sequence

import pytest

from bokeh_auth.login.remembered_browsers import RememberedBrowsers
from bokeh_auth.rate_limits import RateLimits
from bokeh_common.errors import TooManyRequests
from bokeh_common.http.rate_limits import RateLimiter

ADA = "ada@example.com"
KEYS: Sequence[bytes] = [b"one", b"two"]


def test_a_browser_is_remembered_for_its_mailbox_only() -> None:
    browsers = RememberedBrowsers(lambda: KEYS)
    token = browsers.remember(ADA)
    found = browsers.find(token, ADA)
    assert found
    assert found == browsers.find(token, "ada+tag@example.com")
    assert found != browsers.find(browsers.remember(ADA), ADA)
    assert browsers.find(token, "bob@example.com") is None


def test_other_tokens_are_not_remembered() -> None:
    browsers = RememberedBrowsers(lambda: KEYS)
    token = browsers.remember(ADA)
    for wrong in (
        "",
        "bkb_",
        token[:-1],
        f"{token}x",
        f"bkv_{token[4:]}",
        token[4:],
        "bkb_\udcff",
        "bkb_a.b.c",
    ):
        assert browsers.find(wrong, ADA) is None
    assert RememberedBrowsers(lambda: [b"three"]).find(token, ADA) is None


def test_strangers_cannot_use_up_the_mail_of_a_remembered_browser() -> None:
    limits = RateLimits(RateLimiter())
    for i in range(4):
        for _ in range(5):
            limits.count_mail(f"10.0.0.{i}", ADA)
    with pytest.raises(TooManyRequests):
        limits.count_mail("10.0.0.9", ADA)
    assert [limits.count_mail_of_browser("one", ADA)[0].remaining for _ in range(5)] == [4, 3, 2, 1, 0]
    with pytest.raises(TooManyRequests):
        limits.count_mail_of_browser("one", ADA)
    limits.count_mail_of_browser("two", ADA)
