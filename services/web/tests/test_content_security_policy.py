"""Content security policies."""

from bokeh_web.security.content_security_policy import (
    ANY_SITE,
    LOOPBACK_ORIGINS,
    PAGE_POLICY,
    SANDBOX,
    frame_policy,
)


def test_frame_has_an_opaque_origin_wherever_it_is_opened() -> None:
    assert frame_policy(True, []).startswith(f"sandbox {SANDBOX}; default-src 'none'")
    assert "allow-same-origin" not in SANDBOX
    assert "allow-top-navigation" not in SANDBOX
    assert "allow-downloads" not in SANDBOX


def test_frames_that_any_site_may_embed_may_be_in_files_too() -> None:
    assert "frame-ancestors" not in frame_policy(False, [], (ANY_SITE,))
    assert frame_policy(False, []).endswith("frame-ancestors 'self'")
    assert "frame-ancestors 'self' https://a.example" in frame_policy(False, [], ("https://a.example",))
    assert {"file:", "vscode-webview:"} < set(LOOPBACK_ORIGINS)


def test_eval_is_allowed_for_documents_with_code_only() -> None:
    assert "'unsafe-eval'" in frame_policy(True, [])
    assert "unsafe-eval" not in frame_policy(False, [])
    assert "unsafe" not in PAGE_POLICY


def test_image_hosts() -> None:
    assert "img-src 'self' data: blob: https://tile.example.org;" in frame_policy(
        False, ["https://tile.example.org"]
    )
