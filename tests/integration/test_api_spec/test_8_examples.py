"""The examples of the OpenAPI description are accepted."""

import json
from collections.abc import Iterator
from typing import Any

from tests.integration.test_api_spec.caller import Caller

JSON = "application/json"

#: Operations that need a link from a mail, the token of a form, or a user who allows the login of a program.
FOR_BROWSERS = {"POST /login/{token}", "POST /logout", "POST /login/device/token"}


def operations_with_json(document: Any) -> Iterator[tuple[str, str, Any]]:
    """Yield the method, path and description of each operation whose body is JSON."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            if JSON in content and f"{method.upper()} {path}" not in FOR_BROWSERS:
                yield method.upper(), path, operation


def required_headers(operation: Any) -> dict[str, str]:
    """Return the headers that an operation requires."""
    required = {"If-Match"} & {parameter["name"] for parameter in operation.get("parameters", [])}
    return dict.fromkeys(required, "*") | {"Content-Type": JSON}


def test_every_body_has_an_example_that_is_accepted(ada: Caller, visitor: Caller) -> None:
    count = 0
    for method, path, operation in operations_with_json(visitor.ok("GET", "/openapi.json")):
        name = f"{method} {path}"
        content = operation["requestBody"]["content"][JSON]
        assert "example" in content, f"{name} has no example"
        columns = {"hour": [0, 1], "celsius": {"values": [20.5, None], "dtype": "float32"}}
        source = ada.ok("POST", "/{user}/data", json={"name": name, "live": True, "columns": columns})
        rows = {"rows": {"hour": [2], "celsius": [21.5]}}
        ada.ok("POST", f"/{{user}}/data/{source['id']}/rows", json=rows)
        plot = ada.plot(name.replace("/", " "), 1.0)
        filled = path.replace("{plot}", plot["id"]).replace("{source}", source["id"])
        body = json.dumps(content["example"]).replace("{plot}", plot["id"])
        caller = ada if operation["security"] else visitor
        response = caller(method, filled, data=body, headers=required_headers(operation))
        assert response.ok, (name, response.text)
        assert str(response.status_code) in operation["responses"], name
        count += 1
    assert count > 15
