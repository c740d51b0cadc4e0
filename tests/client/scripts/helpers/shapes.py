"""What a script imports from beside itself."""

import numpy as np


def circle(points):
    angle = np.linspace(0, 2 * np.pi, points)
    return np.cos(angle), np.sin(angle)
