"""May this reader see this plot? The one place that says so."""

from bokeh_plots.plots import Plot

#: Plots of these visibilities are open to whoever knows their address.
OPEN = frozenset({"link", "public"})


def may_see(plot: Plot, user_id: str, only: str | None) -> bool:
    """Return whether a reader may see a plot.

    Args:
        plot: the plot.
        user_id: the account in whose name they read; empty for visitors.
        only: the plot that their token opens, where it does not open the whole account. View tokens and share
            links are made in the name of the plot's owner.
    """
    if only is not None:
        return only == plot.id and user_id == plot.user_id
    return user_id == plot.user_id or plot.visibility in OPEN
