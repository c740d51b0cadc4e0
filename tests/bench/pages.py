"""The response time of pages; the baseline is a bare falcon app.

The account has a hundred plots, each with data of its own. The aim is 50 ms for each page.
"""

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles

import numpy as np
import requests
from bokeh.plotting import figure

from tests.bench.small_requests import start_hello
from tests.support.populated_cloud import PopulatedCloud, start_populated_cloud

PLOTS, ROUNDS, AIM = 100, 40, 50.0


def publish_plots(populated: PopulatedCloud) -> dict[str, str]:
    """Publish the plots, and return the URLs of pages by route."""
    for number in range(PLOTS):
        plot = figure(title=f"Plot {number}")
        plot.line(np.arange(100.0), np.arange(100.0) * number)
        last = populated.server.publish(plot, f"plot-{number}")
    lists = ("/", "/plots", "/data", "/account", "/account/keys", "/account/shares", "/u/ada")
    return {
        **{path: populated.url + path for path in lists},
        "/plots/{plot}/show": last.url,
        "/embed": last.embed_url,
        # The check for new events, which each listener costs every two seconds.
        "/events": f"{last.url.removesuffix('/show')}/events?wait=0",
    }


def response_time(session: requests.Session, url: str) -> float:
    """Return the milliseconds until the response starts."""
    response = session.get(url, headers={"Accept": "text/html, */*"}, timeout=30)
    response.raise_for_status()
    return response.elapsed.total_seconds() * 1000


def main() -> None:
    """Measure and print the table."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        populated = stack.enter_context(start_populated_cloud(Path(name)))
        [hello] = start_hello("gunicorn, our worker", stack)
        urls = publish_plots(populated)
        time.sleep(1)
        browser, other = populated.ada.browser, requests.Session()
        rounds = [
            {
                "hello": response_time(other, hello),
                **{route: response_time(browser, url) for route, url in urls.items()},
            }
            for _ in range(ROUNDS)
        ]
    for route in urls:
        times = [times[route] for times in rounds]
        ratio = median(times[route] / times["hello"] for times in rounds)
        worst = quantiles(times, n=20)[-1]
        figures = f"p50 {median(times):6.1f} ms, p95 {worst:6.1f} ms, {ratio:5.1f} times falcon alone"
        print(f"{route:20} {figures}, aim {AIM:.0f} ms")
