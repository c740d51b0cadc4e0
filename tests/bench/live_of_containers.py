"""Live rows of a cloud in containers with two replicas of the web service, through its gateway.

Like `live`, for one reader and one page. Needs Docker, and the images that `docker compose build` makes.
"""

import bokeh_cloud
from tests.bench.live import measure_page, measure_reader
from tests.compose.conftest import register_user, running_cloud
from tests.compose.engine import Compose, start_compose


def main() -> None:
    """Measure and print the figures."""
    with start_compose(Compose("bokeh-cloud-bench")) as compose:
        compose.up("--no-recreate", "--scale", "web=2")
        server = bokeh_cloud.Server(compose.url, apikey=register_user(running_cloud(compose), "ada"))
        measure_page(server)
        measure_reader(server)
