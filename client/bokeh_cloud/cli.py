"""The command `bokeh-cloud`; the server's distributions add their commands through an entry point group."""
