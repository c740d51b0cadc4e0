"""One cloud with a brand of its own for all tests of pages, and the account of Ada."""

from collections.abc import Iterator

import pytest

from tests.support.embedded_server import one_process
from tests.support.users import RunningCloud, User, start_cloud_with_accounts


@pytest.fixture(scope="package")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCloud]:
    folder = tmp_path_factory.mktemp("web")
    (folder / "terms.md").write_text("# Terms\n\n<script>alert(1)</script> [x](javascript:alert(2))\n")
    with start_cloud_with_accounts(
        f"local://{folder / 'storage'}",
        BOKEH_CLOUD_PAGES=str(folder),
        BOKEH_CLOUD_NAME="Plots & Co",
        BOKEH_CLOUD_ACCENT="#7a1fa2",
    ) as cloud:
        yield cloud


@pytest.fixture(scope="package")
def ada(cloud: RunningCloud) -> User:
    user = User(cloud, "ada")
    user.register()
    return user


@pytest.fixture(scope="package")
def key(ada: User) -> str:
    return ada.make_key("plots:read", "plots:write", "data:read", "data:write", "account")


@pytest.fixture(scope="package")
def open_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a cloud without accounts."""
    with one_process(f"local://{tmp_path_factory.mktemp('open')}") as url:
        yield url
