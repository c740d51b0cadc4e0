"""`python -m bokeh_cloud` is the command `bokeh-cloud`."""

from .cli import main

main(prog_name="bokeh-cloud")
