"""Pages: how long the server takes for each, against a bare falcon app that is asked in turn.

Ada has a hundred plots, each with data of its own. The aim is 50 ms a page.
"""

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles

import numpy as np
import requests
from bokeh.plotting import figure

from tests.bench.small_requests import bare
from tests.browser.town import Town, open_town

PLOTS, ROUNDS, AIM = 100, 40, 50.0


def pages(town: Town) -> dict[str, str]:
    """Publish, and return addresses by what they show."""
    for number in range(PLOTS):
        plot = figure(title=f"Plot {number}")
        plot.line(np.arange(100.0), np.arange(100.0) * number)
        shown = town.server.publish(plot, f"plot-{number}")
    lists = ("/", "/plots", "/data", "/account", "/account/keys", "/account/shares", "/u/ada")
    return {
        **{path: town.url + path for path in lists},
        "/plots/{plot}/show": shown.url,
        "/embed": shown.embed_url,
        # What each listener costs every two seconds: the look at what there is.
        "/events": f"{shown.url.removesuffix('/show')}/events?wait=0",
    }


def took(session: requests.Session, url: str) -> float:
    """Return the milliseconds until the answer began."""
    answer = session.get(url, headers={"Accept": "text/html, */*"}, timeout=30)
    answer.raise_for_status()
    return answer.elapsed.total_seconds() * 1000


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        town = stack.enter_context(open_town(Path(name)))
        [hello] = bare("gunicorn, our worker", stack)
        addresses = pages(town)
        time.sleep(1)
        browser, other = town.ada.browser, requests.Session()
        rounds = [
            {"hello": took(other, hello), **{what: took(browser, url) for what, url in addresses.items()}}
            for _ in range(ROUNDS)
        ]
    for what in addresses:
        times = [one[what] for one in rounds]
        ratio = median(one[what] / one["hello"] for one in rounds)
        worst = quantiles(times, n=20)[-1]
        figures = f"p50 {median(times):6.1f} ms, p95 {worst:6.1f} ms, {ratio:5.1f} of falcon alone"
        print(f"{what:20} {figures}, aim {AIM:.0f} ms")
