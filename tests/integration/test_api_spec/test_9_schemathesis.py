"""Requests that schemathesis generates from the OpenAPI description get responses that it describes."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_api_spec.caller import Caller
from tests.integration.test_api_spec.conftest import SCOPES
from tests.support.users import User, start_cloud_with_accounts

MAX_SECONDS = 300
EXAMPLES = 10  # for each phase and operation

#: Rate limits, which have tests of their own.
UNLIMITED: Any = {
    f"BOKEH_CLOUD_{name}": "1000000" for name in ("WRONG_KEYS", "QUOTA_UPLOADS", "MAILS_PER_HOUR")
}

ACCEPTED = ["2xx", "3xx", "401", "403", "404", "409", "412", "429"]

#: Operations that reject some values with 422 by rules that no schema expresses.
SEMANTIC = {
    "a cursor must be one that the API returned": [
        "GET /{user}/audit", "GET /{user}/data", "GET /{user}/data/{source}/versions",
        "GET /{user}/gc/orphans", "GET /{user}/keys", "GET /{user}/plots",
    ],
    "names, email addresses and times are validated": [
        "POST /login", "POST /register", "POST /{user}/clone", "POST /{user}/keys",
        "POST /{user}/plots/{plot}/shares",
    ],
    "documents, columns and rows have rules of their own": [
        "POST /{user}/store", "POST /{user}/data", "PUT /{user}/data/{source}",
        "POST /{user}/data/{source}/rows", "GET /{user}/data/{source}",
    ],
    "the bytes must have the hash": ["PUT /{user}/data/chunks/{chunk}"],
    "schemathesis sends If-Match: 0 here, against the schema": [
        "DELETE /{user}/data/{source}", "DELETE /{user}/plots/{plot}", "PATCH /{user}/plots/{plot}",
        "POST /{user}/delete", "DELETE /{user}/plots/{plot}/versions/{version}",
    ],
    "a file must be sent with its media type": ["POST /{user}/data/preview"],
    "834.0 is not accepted as an integer": [
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

# 412: etags in If-Match are generated.
[checks.positive_data_acceptance]
expected-statuses = {accepted}

# 411: no body; 412: If-Match is checked before the body; 414: values too long for an address; 429: the rate
# limit is checked before the body.
[checks.negative_data_rejection]
expected-statuses = [
    "401", "403", "404", "405", "406", "409", "411", "412", "413", "414", "415", "422",
    "428", "429",
]

# 428: defined by RFC 6585.
[checks.missing_required_header]
expected-statuses = ["400", "401", "403", "406", "415", "422", "428"]

# 501: required by oembed.com for XML.
[[operations]]
include-name = "GET /oembed"
checks.not_a_server_error.expected-statuses = ["2xx", "3xx", "4xx", "501"]
checks.positive_data_acceptance.expected-statuses = ["200", "404", "501"]

# 400: required by RFC 8628 for codes that there are not, and until a user allows the login. 422: scopes are
# validated.
[[operations]]
include-path-regex = "^/login/device/(code|token)$"
checks.positive_data_acceptance.expected-statuses = ["200", "400", "422", "429"]

# It would delete the account of the test.
[[operations]]
include-name = "DELETE /{{user}}/account"
enabled = false
"""


@pytest.fixture
def eve(tmp_path: Path) -> Iterator[Caller]:
    """A program with an API key, on a cloud without rate limits."""
    with start_cloud_with_accounts(f"local://{tmp_path / 'storage'}", **UNLIMITED) as cloud:
        user = User(cloud, "eve")
        user.register()
        yield Caller(cloud.url, user.name, user.make_key(*SCOPES))


def configuration(eve: Caller) -> str:
    """Return a configuration of schemathesis with ids of existing objects."""
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


def test_every_response_is_described(eve: Caller, tmp_path: Path) -> None:
    config = tmp_path / "schemathesis.toml"
    config.write_text(configuration(eve))
    program = str(Path(sys.executable).with_name("st"))
    command = [program, "--config-file", str(config), "run", f"{eve.url}/openapi.json", "--origin", eve.url]
    options = ["--max-examples", str(EXAMPLES), "--generation-deterministic", "--checks", "all", "--no-color"]
    done = subprocess.run(
        [*command, *options],
        capture_output=True,
        text=True,
        timeout=MAX_SECONDS,
        check=False,
    )
    (tmp_path / "report.txt").write_text(done.stdout)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
