"""Runs the command `bokeh-cloud` as `python -m bokeh_cloud`."""

from bokeh_cloud.cli import main

main(prog_name="bokeh-cloud")
