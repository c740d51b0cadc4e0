"""The examples of the description, each sent as it stands there, to things that are there."""

import json
from collections.abc import Iterator
from typing import Any

from tests.integration.test_api_spec.caller import Caller

JSON = "application/json"

#: These take what a browser was given: the link of a mail, the token of a form.
BY_BROWSERS = {"POST /login/{token}", "POST /logout"}


def described(document: Any) -> Iterator[tuple[str, str, Any]]:
    """Yield each operation that takes JSON: its method, path and description."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            if JSON in content and f"{method.upper()} {path}" not in BY_BROWSERS:
                yield method.upper(), path, operation


def headers_of(operation: Any) -> dict[str, str]:
    """Return the headers that the operation must have, with the values of their examples."""
    demanded = {"If-Match"} & {parameter["name"] for parameter in operation.get("parameters", [])}
    return dict.fromkeys(demanded, "*") | {"Content-Type": JSON}


def test_every_body_has_an_example_and_each_works(ada: Caller, visitor: Caller) -> None:
    tried = 0
    for method, path, operation in described(visitor.ok("GET", "/openapi.json")):
        what = f"{method} {path}"
        content = operation["requestBody"]["content"][JSON]
        assert "example" in content, f"{what} has no example"
        columns = {"hour": [0, 1], "celsius": {"values": [20.5, None], "dtype": "float32"}}
        source = ada.ok("POST", "/{user}/data", json={"name": what, "live": True, "columns": columns})
        rows = {"rows": {"hour": [2], "celsius": [21.5]}}
        ada.ok("POST", f"/{{user}}/data/{source['id']}/rows", json=rows)
        plot = ada.plot(what.replace("/", " "), 1.0)
        address = path.replace("{plot}", plot["id"]).replace("{source}", source["id"])
        body = json.dumps(content["example"]).replace("{plot}", plot["id"])
        who = ada if operation["security"] else visitor
        answer = who(method, address, data=body, headers=headers_of(operation))
        assert answer.ok, (what, answer.text)
        assert str(answer.status_code) in operation["responses"], what
        tried += 1
    assert tried > 15
