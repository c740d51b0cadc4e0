"""Tests in headless Chromium, which renders the same pixels in every run.

The fixture `browser` is in `tests/conftest.py`; `camera` is in `tests/browser/conftest.py`, and is passed to
`tests.support.published_page.assert_same_pixels`.
"""
