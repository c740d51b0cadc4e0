"""Content security policies."""

from bokeh_web.security.content_security_policy import PAGE_POLICY, SANDBOX, frame_policy


def test_frame_has_an_opaque_origin_wherever_it_is_opened() -> None:
    assert frame_policy(True, []).startswith(f"sandbox {SANDBOX}; default-src 'none'")
    assert "allow-same-origin" not in SANDBOX
    assert "allow-top-navigation" not in SANDBOX
    assert "allow-downloads" not in SANDBOX


def test_eval_is_allowed_for_documents_with_code_only() -> None:
    assert "'unsafe-eval'" in frame_policy(True, [])
    assert "unsafe-eval" not in frame_policy(False, [])
    assert "unsafe" not in PAGE_POLICY


def test_image_hosts() -> None:
    assert "img-src 'self' data: blob: https://tile.example.org;" in frame_policy(
        False, ["https://tile.example.org"]
    )
