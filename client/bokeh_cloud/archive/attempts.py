"""Going on past plots and data sources that are broken, so that a backup has all others."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bokeh_cloud.account import AccountClient
from bokeh_cloud.errors import CloudError, Incomplete, NotPermitted, ServerUnreachable
from bokeh_cloud.plots.plot import Plot


class Attempts:
    """What could not be exported or imported, by name, with the reason."""

    def __init__(self, account: AccountClient):
        self._account = account
        self._failed: dict[str, str] = {}

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Record an error of the block, unless the other plots would fail as well."""
        try:
            yield
        except CloudError as error:
            if self._concerns_all(error):
                raise
            self._failed[name] = str(error)

    def finish(self, done: str, plots: Sequence[Plot]) -> None:
        """Raise Incomplete if something failed.

        Args:
            done: "exported" or "imported".
            plots: those that did not fail.
        """
        if self._failed:
            reasons = "\n".join(f"  {name}: {reason}" for name, reason in self._failed.items())
            raise Incomplete(f"Not {done}:\n{reasons}\nEverything else is {done}.", plots, self._failed)

    def _concerns_all(self, error: CloudError) -> bool:
        """Whether the server does not respond, the key is rejected, or the folder cannot be written."""
        if isinstance(error, ServerUnreachable):
            return not self._responds()
        return isinstance(error, NotPermitted) or isinstance(error.__cause__, OSError)

    def _responds(self) -> bool:
        try:
            self._account.whoami()
        except CloudError:
            return False
        return True
