"""A plot with several versions, and what its readers see of them."""

import io
import re
from dataclasses import dataclass, field
from typing import Any

import requests
from PIL import Image

import bokeh_cloud
from tests.integration.accounts.conftest import line
from tests.support.users import TIMEOUT, RunningCloud

HISTORY = {"history": True}


@dataclass
class Versioned:
    """A private plot of ada with three versions; the thumbnail shows the second one.

    Attributes:
        cloud: the cloud.
        key: ada's API key.
        plot: the plot.
        columns: the hash of the column `y` of each version.
    """

    cloud: RunningCloud
    key: str
    plot: bokeh_cloud.Plot
    columns: list[str] = field(default_factory=list)

    @classmethod
    def publish(cls, cloud: RunningCloud, key: str, name: str) -> "Versioned":
        """Publish the versions."""
        server = bokeh_cloud.Server(cloud.url, apikey=key)
        for slope in (1, 2, 3):
            plot = server.publish(line(100 * slope + len(name)), name)
        found = cls(cloud, key, plot)
        for number in (1, 2, 3):
            [source] = found.api("GET", f"data?version={number}").json()["sources"]
            columns = cloud.request("GET", f"/ada/data/{source['id']}", key).json()["columns"]
            found.columns.append(columns["y"]["hash"])
        image = io.BytesIO()
        Image.new("RGB", (96, 60), "teal").save(image, "PNG")
        assert found.api("PUT", "thumbnail?version=2", data=image.getvalue()).ok
        return found

    def api(self, method: str, rest: str = "", key: str | None = None, **options: Any) -> requests.Response:
        """Send a request about the plot to the API; with ada's key, unless another credential is given."""
        path = f"/ada/plots/{self.plot.id}/{rest}".rstrip("/")
        return self.cloud.request(method, path, key or self.key, **options)

    def change(self, **changes: Any) -> Any:
        """Change the plot; return its summary."""
        response = self.api("PATCH", json=changes)
        assert response.ok, response.text
        return response.json()

    def share(self, **options: Any) -> str:
        """Create a share link; return its token."""
        response = self.api("POST", "shares", json=options)
        assert response.json()["history"] is options.get("history", False)
        return str(response.json()["show"].partition("=")[2])


@dataclass
class Reader:
    """A reader of a plot: `key` authorizes requests of a program, `share` is in the URLs of pages."""

    plot: Versioned
    key: str | None = None
    share: str | None = None

    def page(self, kind: str, number: int | None) -> requests.Response:
        """Open a page of the plot."""
        query = {"version": number, "share": self.share}
        headers = {"Accept": "text/html,*/*"} | ({"Authorization": f"Bearer {self.key}"} if self.key else {})
        url = f"{self.plot.cloud.url}/plots/{self.plot.plot.id}/{kind}"
        return requests.get(url, params=query, headers=headers, timeout=TIMEOUT)

    def view_token(self, number: int | None) -> str | None:
        """Return the view token of the frame; None if the frame is not shown."""
        return next(iter(re.findall(r"bkv_[\w.-]+", self.page("embed", number).text)), None)

    def versions(self) -> dict[str, set[int]]:
        """Return the versions that the reader can open, by the way in which they are asked for."""
        return {
            "pages": {n for n in (1, 2, 3) if self.page("show", n).ok},
            "frames": {n for n in (1, 2, 3) if self.page("embed", n).ok},
            "files": {n for n in (1, 2, 3) if self.page("download.html", n).ok},
            "JSON": {n for n in (1, 2, 3) if self._get("", n).ok},
            "scenes": {n for n in (1, 2, 3) if self._get("scene", n).ok},
            "sources": {n for n in (1, 2, 3) if self._get("data", n).ok},
            "columns of frames": self._columns_of_frames(),
            "versions on the page": self._versions_on_the_page(),
        }

    def sees_thumbnail(self) -> bool:
        """Whether the reader gets the thumbnail, which shows version 2, and whether pages have it."""
        got = self.page("thumbnail.png", None).ok
        assert got == ("thumbnail.png" in self.page("show", None).text)
        return got

    def _versions_on_the_page(self) -> set[int]:
        found = re.findall(r"Version (?:<span data-newest>)?(\d)<", self.page("show", None).text)
        return set(map(int, found))

    def _get(self, rest: str, number: int) -> requests.Response:
        path = f"/ada/plots/{self.plot.plot.id}/{rest}".rstrip("/")
        return self.plot.cloud.request("GET", f"{path}?version={number}", self.share or self.key)

    def _columns_of_frames(self) -> set[int]:
        """Return the versions whose columns any view token opens that the reader can get."""
        tokens = filter(None, (self.view_token(number) for number in (None, 1, 2, 3)))
        return {number for token in tokens for number in (1, 2, 3) if self._opens_column(token, number)}

    def _opens_column(self, token: str, number: int) -> bool:
        column = self.plot.columns[number - 1]
        batch = {"columns": [column]}
        answers = [
            self.plot.cloud.request("GET", f"/ada/data/columns/{column}", token),
            self.plot.cloud.request("POST", "/ada/data/columns", token, json=batch),
            self.plot.cloud.request("GET", f"/ada/plots/{self.plot.plot.id}/scene?version={number}", token),
        ]
        [result] = {answer.ok for answer in answers}
        return result
