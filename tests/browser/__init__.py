"""A browser for tests: headless Chromium that draws the same pixels every time.

The fixture `camera` is in `conftest.py`; what a test calls with it is `published.assert_same_pixels`.
"""
