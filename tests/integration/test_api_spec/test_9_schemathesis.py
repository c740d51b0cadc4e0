"""schemathesis tries the description out: whatever it makes up gets an answer that is described."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import one_process
from tests.integration.people import Cloud, Person
from tests.integration.test_api_spec.caller import Caller
from tests.integration.test_api_spec.conftest import SCOPES
from tests.mailbox import Mailbox, smtp_server

MOST_SECONDS = 300
EXAMPLES = 10  # a phase and an operation

#: Limits on how often something may be asked for; they have tests of their own.
UNLIMITED = {f"BOKEH_CLOUD_{name}": "1000000" for name in ("WRONG_KEYS", "QUOTA_UPLOADS", "MAILS_PER_HOUR")}

ACCEPTED = ["2xx", "3xx", "401", "403", "404", "409", "412", "429"]

#: Rules that no schema says; what breaks them is refused with a 422.
SEMANTIC = {
    "a cursor was given out before": [
        "GET /{user}/audit", "GET /{user}/data", "GET /{user}/data/{source}/versions",
        "GET /{user}/gc/orphans", "GET /{user}/keys", "GET /{user}/plots",
    ],
    "names, addresses and times are looked at": [
        "POST /login", "POST /register", "POST /{user}/clone", "POST /{user}/keys",
        "POST /{user}/plots/{plot}/shares",
    ],
    "documents, columns and rows have rules of their own": [
        "POST /{user}/store", "POST /{user}/data", "PUT /{user}/data/{source}",
        "POST /{user}/data/{source}/rows", "GET /{user}/data/{source}",
    ],
    "bytes are those of the hash": ["PUT /{user}/data/chunks/{chunk}"],
    "schemathesis sends If-Match: 0 here, against the schema": ["DELETE /{user}/data/{source}"],
    "834.0 is no whole number here": [
        "POST /{user}/plots/{plot}/rollback", "POST /{user}/data/{source}/rollback",
    ],
}  # fmt: skip

SEMANTIC_CONFIG = """
# {why}
[[operations]]
include-name = "{operation}"
checks.positive_data_acceptance.expected-statuses = {accepted}
"""

CONFIG = """
hooks = "tests.integration.test_api_spec.packed"
seed = 1
continue-on-failure = true
request-timeout = 30
headers = {{ Authorization = "Bearer {key}" }}
cache.enabled = false

[parameters]
"path.user" = "{user}"
"path.plot" = {{ dictionary = "plots", probability = 0.8 }}
"path.source" = {{ dictionary = "sources", probability = 0.8 }}
"path.column" = {{ dictionary = "columns", probability = 0.8 }}
"path.ids" = {{ dictionary = "objects", probability = 0.5 }}
"path.key" = "{spare_key}"

[dictionaries]
plots = {{ values = {plots} }}
sources = {{ values = {sources} }}
columns = {{ values = {columns} }}
objects = {{ values = {objects} }}

# 412: states that If-Match names are made up.
[checks.positive_data_acceptance]
expected-statuses = {accepted}

# 411: no body at all; 412: a state that is no longer there is looked at before the rest.
# 429: who asked very often is refused before what they sent is looked at.
[checks.negative_data_rejection]
expected-statuses = [
    "401", "403", "404", "405", "406", "409", "411", "412", "413", "415", "422", "428", "429",
]

# RFC 6585 has this status for it.
[checks.missing_required_header]
expected-statuses = ["400", "401", "403", "406", "415", "422", "428"]

# oembed.com demands it of a provider that is asked for XML.
[[operations]]
include-name = "GET /oembed"
checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "501"]
checks.positive_data_acceptance.expected-statuses = ["200", "404", "501"]

# It would end the account that everything here is done with.
[[operations]]
include-name = "DELETE /{{user}}/account"
enabled = false
"""


@pytest.fixture
def cloud_for_fuzzing(tmp_path: Path) -> Iterator[Caller]:
    """Return somebody with an account and a key, on a cloud that counts nothing."""
    box = Mailbox()
    with smtp_server(box) as port:
        environ: Any = {**UNLIMITED, "BOKEH_CLOUD_SMTP_URL": f"smtp://127.0.0.1:{port}"}
        with one_process(f"local://{tmp_path / 'storage'}", "--accounts", **environ) as url:
            eve = Person(Cloud(url, box), "eve")
            eve.register()
            yield Caller(url, eve.name, eve.make_key(*SCOPES))


def configured(eve: Caller) -> str:
    """Return a configuration with ids of things that are there."""
    plots = [eve.plot(f"plot {i}", float(i)) for i in range(5)]
    sources: list[Any] = [eve.source(10.0 + i) for i in range(5)]
    for i in range(5):
        body = {"name": f"live {i}", "live": True, "columns": {"x": [i], "y": [0.5]}}
        sources.append(eve.ok("POST", "/{user}/data", json=body))
    exceptions = "".join(
        SEMANTIC_CONFIG.format(why=why, operation=operation, accepted=[*ACCEPTED, "422"])
        for why, operations in SEMANTIC.items()
        for operation in operations
    )
    return (
        CONFIG.format(
            accepted=ACCEPTED,
            key=eve.key,
            user=eve.user,
            plots=[plot["id"] for plot in plots],
            objects=[f"{plots[0]['id']}.p1", f"{plots[1]['id']}.p2,{plots[0]['id']}.p1"],
            sources=[source["id"] for source in sources],
            columns=[source["columns"]["y"]["hash"] for source in sources],
            spare_key=eve.ok("POST", "/{user}/keys", json={"name": "spare", "scopes": ["account"]})["id"],
        )
        + exceptions
    )


def test_every_answer_is_described(cloud_for_fuzzing: Caller, tmp_path: Path) -> None:
    config = tmp_path / "schemathesis.toml"
    config.write_text(configured(cloud_for_fuzzing))
    program = str(Path(sys.executable).with_name("st"))
    command = [program, "--config-file", str(config), "run", f"{cloud_for_fuzzing.url}/openapi.json"]
    how = ["--max-examples", str(EXAMPLES), "--generation-deterministic", "--checks", "all", "--no-color"]
    done = subprocess.run(
        [*command, "--origin", cloud_for_fuzzing.url, *how],
        capture_output=True,
        text=True,
        timeout=MOST_SECONDS,
        check=False,
    )
    (tmp_path / "report.txt").write_text(done.stdout)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
