"""What the web service asks of the plots service."""

from typing import Any

from bokeh_common.http.peer import Peer, path


class Plots:
    """The plots service, asked in the name of the visitor."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def all(self, user: str, authorization: str | None) -> list[dict[str, Any]]:
        """Return summaries of the account's plots."""
        return list(self._peer.pages(path(user, "plots"), "plots", authorization=authorization))

    def view(self, plot: str, version: int | None, authorization: str | None) -> dict[str, Any]:
        """Return what a page has to know to show a plot; `NotFound`."""
        answer = self._peer.get(path("internal", "plots", plot), authorization=authorization, version=version)
        return dict(answer)

    def uses(self, user: str) -> dict[str, list[str]]:
        """Return the ids of the plots that use each of the account's data sources, by the sources' ids."""
        address = path("internal", "plots", "references")
        found: dict[str, dict[str, None]] = {}
        for item in self._peer.pages(address, "references", user=user):
            for source in item["sources"]:
                found.setdefault(source, {})[item["plot"]] = None
        return {source: list(plots) for source, plots in found.items()}

    def public(self, user: str) -> list[dict[str, Any]]:
        """Return summaries of the plots that an account shows to everybody."""
        return list(self._peer.pages(path("internal", "plots", "public", user), "plots"))

    def visits(self, user: str, authorization: str | None) -> dict[str, dict[str, Any]]:
        """Return `views` and `thumbnail` of the account's plots that have been seen, by their ids."""
        address = path("internal", "plots", "visits", user)
        return dict(self._peer.get(address, authorization=authorization)["visits"])

    def count(self, views: dict[str, int]) -> None:
        """Add to the views of plots; those that are gone are left out."""
        self._peer.post("/internal/plots/views", {"views": views})

    def thumbnail(self, plot: str, authorization: str | None) -> bytes:
        """Return a PNG; `NotFound`."""
        address = path("internal", "plots", plot, "thumbnail")
        return b"".join(self._peer.stream("GET", address, authorization=authorization))

    def keep_thumbnail(
        self, user: str, plot: str, picture: bytes, version: int | None, authorization: str | None
    ) -> None:
        """Keep a picture of a version, the newest where it is None; `Invalid` where it is no picture."""
        query = "" if version is None else f"?version={version}"
        address = f"{path(user, 'plots', plot, 'thumbnail')}{query}"
        self._peer.put(address, picture, "image/png", authorization=authorization)

    def change(self, user: str, plot: str, changes: dict[str, Any], authorization: str | None) -> None:
        """Set title or visibility; `NotFound`, `Invalid`."""
        self._peer.patch(path(user, "plots", plot), changes, authorization=authorization)

    def clone(self, user: str, plot: str, name: str, authorization: str | None) -> dict[str, Any]:
        """Copy a plot that the visitor may see into their account; `Conflict` where the name is taken."""
        return dict(
            self._peer.post(path(user, "clone"), {"plot": plot, "name": name}, authorization=authorization)
        )

    def roll_back(self, user: str, plot: str, version: int, authorization: str | None) -> None:
        """Show an old version again, as a new one; `NotFound`."""
        address = path(user, "plots", plot, "rollback")
        self._peer.post(address, {"version": version}, authorization=authorization)

    def delete(self, user: str, plot: str, authorization: str | None) -> None:
        """Delete a plot; `NotFound`."""
        self._peer.delete(path(user, "plots", plot), authorization=authorization)

    def shares(self, user: str, plot: str, authorization: str | None) -> list[dict[str, Any]]:
        """Return the share links of a plot, without their tokens."""
        return list(
            self._peer.get(path(user, "plots", plot, "shares"), authorization=authorization)["shares"]
        )

    def share(
        self, user: str, plot: str, wishes: dict[str, Any], authorization: str | None
    ) -> dict[str, Any]:
        """Make a share link; `show` and `embed` have its token, this once; `Invalid`, `Conflict`."""
        return dict(self._peer.post(path(user, "plots", plot, "shares"), wishes, authorization=authorization))

    def revoke_share(self, user: str, plot: str, share: str, authorization: str | None) -> None:
        """Revoke a share link; `NotFound`."""
        self._peer.delete(path(user, "plots", plot, "shares", share), authorization=authorization)

    def sources(self, view: dict[str, Any], authorization: str | None) -> list[dict[str, Any]]:
        """Return the `id` of each of the data sources of the version that `view` is of."""
        address = path(view["user_id"], "plots", view["id"], "data")
        return list(self._peer.get(address, authorization=authorization, version=view["version"])["sources"])

    def scene(self, view: dict[str, Any], authorization: str | None) -> bytes:
        """Return the JSON of the scene of a version that `view` is of."""
        address = f"{path(view['user_id'], 'plots', view['id'], 'scene')}?version={view['version']}"
        return b"".join(self._peer.stream("GET", address, authorization=authorization))

    def extension(self, plot: str, name: str) -> bytes:
        """Return the JavaScript of a custom model; `NotFound`."""
        address = path("internal", "plots", plot, "extensions", name)
        return b"".join(self._peer.stream("GET", address, authorization=None))
