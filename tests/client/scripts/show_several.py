# publishes: show_several, show_several-2, show_several-3
import bokeh.plotting as bp

for power in (1, 2, 3):
    p = bp.figure(title=f"power {power}")
    p.line(list(range(10)), [x**power for x in range(10)])
    bp.show(p)
