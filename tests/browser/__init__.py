"""A browser for tests: headless Chromium that draws the same pixels every time.

The fixture `browser` is in `tests/conftest.py`, `camera` in `conftest.py` here; what a test calls with the
latter is `published.assert_same_pixels`.
"""
