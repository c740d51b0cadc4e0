"""One cloud with a face of its own for all tests of its pages, and Ada, who has an account there."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import one_process
from tests.integration.people import Cloud, Person
from tests.mailbox import Mailbox, smtp_server


@pytest.fixture(scope="package")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    folder = tmp_path_factory.mktemp("web")
    (folder / "terms.md").write_text("# Terms\n\n<script>alert(1)</script> [x](javascript:alert(2))\n")
    box = Mailbox()
    with smtp_server(box) as port:
        environ: dict[str, Any] = {
            "BOKEH_CLOUD_SMTP_URL": f"smtp://127.0.0.1:{port}",
            "BOKEH_CLOUD_PAGES": str(folder),
            "BOKEH_CLOUD_NAME": "Plots & Co",
            "BOKEH_CLOUD_ACCENT": "#7a1fa2",
        }
        with one_process(f"local://{folder / 'storage'}", "--accounts", **environ) as url:
            yield Cloud(url, box)


@pytest.fixture(scope="package")
def ada(cloud: Cloud) -> Person:
    person = Person(cloud, "ada")
    person.register()
    return person


@pytest.fixture(scope="package")
def key(ada: Person) -> str:
    return ada.make_key("plots:read", "plots:write", "data:read", "data:write", "account")
