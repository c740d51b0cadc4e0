# publishes: main_guard
import bokeh.io
import bokeh.plotting


def build():
    p = bokeh.plotting.figure()
    p.line([0, 1], [0, 1])
    return p


if __name__ == "__main__":
    bokeh.io.show(build())
