"""Live updates of plots: how their live data sources change."""
