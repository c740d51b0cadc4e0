"""Lists the plots of an account, and finds one by its name."""

from difflib import get_close_matches

from bokeh_cloud.account import AccountClient
from bokeh_cloud.errors import NotFound
from bokeh_cloud.plots.cloning import parse_plot_url
from bokeh_cloud.plots.plot import Plot


def list_plots(account: AccountClient) -> list[Plot]:
    """Return all plots of an account, by name; raises CloudError, see `Connection.request`."""
    pages = account.pages(f"{account.user_path}/plots")
    plots = [Plot(summary, account.connection) for page in pages for summary in page["plots"]]
    return sorted(plots, key=lambda plot: plot.name)


def find_plot(account: AccountClient, name: str) -> Plot:
    """Return the plot of a name or of a URL, or the one that had the name before.

    Raises:
        NotFound: there is none; the message contains similar names.
    """
    name = name.strip()
    if "://" in name:
        plot_id = parse_plot_url(account.connection, name)["plot"]
        return Plot(
            account.connection.json("GET", f"{account.user_path}/plots/{plot_id}"), account.connection
        )
    page = account.connection.json("GET", f"{account.user_path}/plots", params={"name": name})
    for summary in page["plots"]:
        if name in (summary["name"], *summary.get("former_names", ())):
            return Plot(summary, account.connection)
    plots = list_plots(account)  # for similar names, and earlier servers
    former = {former: plot for plot in plots for former in plot.former_names}
    found = former | {plot.name: plot for plot in plots}
    if name in found:
        return found[name]
    similar = ", ".join(get_close_matches(name, found, cutoff=0.5))
    hint = f"similar names: {similar}" if similar else "`bokeh-cloud plots` lists all plots"
    raise NotFound(f"There is no plot {name!r} on {account.url} ({hint}).", 404)
