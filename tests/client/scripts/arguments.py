# publishes: arguments
import argparse

from bokeh.plotting import figure, show

parser = argparse.ArgumentParser()
parser.add_argument("--points", type=int, default=3)
points = parser.parse_args().points
p = figure(title=f"{points} points")
p.line(list(range(points)), list(range(points)))
show(p, browser=None, new="window")
