"""Client of the plots service."""

from typing import Any

from bokeh_common.http.client.service_client import ServiceClient, path


class PlotsClient:
    """The plots service, as this service uses it.

    `authorization` is the visitor's `Authorization` header, or that of a view token. All methods raise the
    errors of the plots service, as `CloudError`.
    """

    def __init__(self, service: ServiceClient) -> None:
        self._service = service

    async def all(self, user: str, authorization: str | None) -> list[dict[str, Any]]:
        """Return summaries of the account's plots."""
        plots = self._service.iter_items(path(user, "plots"), "plots", authorization=authorization)
        return [plot async for plot in plots]

    async def view(self, plot: str, version: int | None, authorization: str | None) -> dict[str, Any]:
        """Return everything that a page needs to show a plot.

        Raises:
            NotFound: there is no such plot or version, or the visitor may not see it.
        """
        url = path("internal", "plots", plot)
        return dict(await self._service.get(url, authorization=authorization, version=version))

    async def require_access(self, plot: str, authorization: str | None) -> None:
        """Raise `NotFound` unless the visitor may see the plot."""
        await self._service.get(path("internal", "plots", plot, "access"), authorization=authorization)

    async def changes(self, plot: str, since: str, until: str | None) -> dict[str, Any]:
        """Return the state of a plot, and how its live data have changed since an earlier state.

        The caller checks whether the visitor may see the plot.
        """
        url, body = path("internal", "plots", plot, "changes"), {"since": since, "until": until}
        return dict(await self._service.post(url, body, idempotent=True))

    async def plots_by_source(self, user: str) -> dict[str, list[str]]:
        """Return the ids of the plots that use each of the account's data sources, by the sources' ids."""
        url = path("internal", "plots", "references")
        found: dict[str, dict[str, None]] = {}
        async for item in self._service.iter_items(url, "references", user=user):
            for source in item["sources"]:
                found.setdefault(source, {})[item["plot"]] = None
        return {source: list(plots) for source, plots in found.items()}

    async def public(self, user: str) -> list[dict[str, Any]]:
        """Return summaries of the public plots of an account."""
        plots = self._service.iter_items(path("internal", "plots", "public", user), "plots")
        return [plot async for plot in plots]

    async def view_counts(self, user: str, authorization: str | None) -> dict[str, dict[str, Any]]:
        """Return `views` and `thumbnail` of the account's plots that were ever viewed, by the plots' ids."""
        url = path("internal", "plots", "view-counts", user)
        answer = await self._service.get(url, authorization=authorization)
        return dict(answer["view_counts"])

    async def add_views(self, views: dict[str, int]) -> None:
        """Add to the view counts of plots, by their ids; deleted ones are ignored."""
        await self._service.post("/internal/plots/views", {"views": views})

    async def thumbnail(self, plot: str, authorization: str | None) -> bytes:
        """Return the thumbnail of a plot, as PNG; `NotFound`."""
        url = path("internal", "plots", plot, "thumbnail")
        return await self._read(url, authorization)

    async def set_thumbnail(
        self, user: str, plot: str, png: bytes, version: int | None, authorization: str | None
    ) -> None:
        """Store the thumbnail of a version, the newest if that is None; `Invalid` if it is not an image."""
        query = "" if version is None else f"?version={version}"
        url = f"{path(user, 'plots', plot, 'thumbnail')}{query}"
        await self._service.put(url, png, "image/png", authorization=authorization)

    async def change(self, user: str, plot: str, changes: dict[str, Any], authorization: str | None) -> None:
        """Change name, title, visibility or history; `NotFound`, `Invalid`, `Conflict`."""
        await self._service.patch(path(user, "plots", plot), changes, authorization=authorization)

    async def clone(self, user: str, plot: str, name: str, authorization: str | None) -> dict[str, Any]:
        """Copy a plot that the visitor may see into their account; return the copy's summary.

        Raises:
            NotFound: the visitor may not see the plot.
            Conflict: the name is taken.
        """
        body = {"plot": plot, "name": name}
        return dict(await self._service.post(path(user, "clone"), body, authorization=authorization))

    async def roll_back(self, user: str, plot: str, version: int, authorization: str | None) -> None:
        """Publish an old version again, as the newest one; `NotFound`."""
        url = path(user, "plots", plot, "rollback")
        await self._service.post(url, {"version": version}, authorization=authorization)

    async def delete_version(self, user: str, plot: str, version: int, authorization: str | None) -> None:
        """Delete an old version; `NotFound`, or `Conflict` if it is the newest."""
        url = path(user, "plots", plot, "versions", str(version))
        await self._service.delete(url, authorization=authorization)

    async def delete(self, user: str, plot: str, authorization: str | None) -> None:
        """Delete a plot; `NotFound`."""
        await self._service.delete(path(user, "plots", plot), authorization=authorization)

    async def share_links(self, user: str, plot: str, authorization: str | None) -> list[dict[str, Any]]:
        """Return the share links of a plot, without their tokens."""
        url = path(user, "plots", plot, "shares")
        answer = await self._service.get(url, authorization=authorization)
        return list(answer["shares"])

    async def share(
        self, user: str, plot: str, options: dict[str, Any], authorization: str | None
    ) -> dict[str, Any]:
        """Create a share link; only this answer has its token, in `show` and `embed`.

        Args:
            user: the account.
            plot: the plot's id.
            options: the body of the API's request: `origins`, `expires`, `history`.
            authorization: the visitor's.

        Raises:
            Invalid: an origin or the time is not acceptable.
            Conflict: the plot has too many share links.
        """
        url = path(user, "plots", plot, "shares")
        return dict(await self._service.post(url, options, authorization=authorization))

    async def revoke_share_link(self, user: str, plot: str, share: str, authorization: str | None) -> None:
        """Revoke a share link by its id; `NotFound`."""
        await self._service.delete(path(user, "plots", plot, "shares", share), authorization=authorization)

    async def scene(self, view: dict[str, Any], authorization: str | None) -> bytes:
        """Return the scene, as JSON, of what `view` describes: a version, or the current live data."""
        query = "" if view["live"] else f"?version={view['version']}"
        return await self._read(path(view["user_id"], "plots", view["id"], "scene") + query, authorization)

    async def extension(self, plot: str, name: str) -> bytes:
        """Return the JavaScript of a custom model; `NotFound`."""
        url = path("internal", "plots", plot, "extensions", name)
        return await self._read(url, None)

    async def _read(self, url: str, authorization: str | None) -> bytes:
        stream = await self._service.stream("GET", url, authorization=authorization)
        return await stream.read_all()
