"""Examples of requests in the description of the API: for curl, and for Python with requests."""

import json
import shlex
from collections.abc import Mapping
from typing import Any

#: The member of an operation that the viewer shows.
MEMBER = "x-code-samples"

KEY = "bkp_..."

JSON = "application/json"

#: Methods whose requests have a body.
WITH_BODY = {"post", "put", "patch"}


def add_examples(paths: Mapping[str, Mapping[str, Any]], server: str) -> None:
    """Add examples to all operations of a description.

    Args:
        paths: the operations by path and method.
        server: the URL of the cloud.
    """
    for path, operations in paths.items():
        for method, operation in operations.items():
            operation[MEMBER] = _examples(method, server + _filled(path, operation["parameters"]), operation)


def _examples(method: str, url: str, operation: Mapping[str, Any]) -> list[dict[str, str]]:
    media, body = _body(method, operation)
    return [
        {"lang": "shell", "label": "curl", "source": _curl(method, url, media, body)},
        {"lang": "python", "label": "Python", "source": _python(method, url, media, body)},
    ]


def _filled(path: str, parameters: list[Any]) -> str:
    """Return a path with examples of its parameters, or their names in capitals."""
    for parameter in parameters:
        if parameter["in"] == "path":
            examples = parameter["schema"].get("examples") or [parameter["name"].upper()]
            path = path.replace(f"{{{parameter['name']}}}", str(examples[0]))
    return path


def _body(method: str, operation: Mapping[str, Any]) -> tuple[str | None, Any]:
    """Return the media type and the example of a request body; None for a file."""
    content = operation.get("requestBody", {}).get("content", {})
    if method not in WITH_BODY or not content:
        return None, None
    media = next(iter(content))
    return media, content[media].get("example")


def _curl(method: str, url: str, media: str | None, body: Any) -> str:
    lines = [f"curl --request {method.upper()} {shlex.quote(url)}", f'--header "Authorization: Bearer {KEY}"']
    if media is not None:
        lines.append(f'--header "Content-Type: {media}"')
        text = "@FILE" if body is None else shlex.quote(json.dumps(body, ensure_ascii=False))
        lines.append(f"--data-binary {text}")
    return " \\\n  ".join(lines)


def _python(method: str, url: str, media: str | None, body: Any) -> str:
    headers = {"Authorization": f"Bearer {KEY}"}
    arguments = [json.dumps(url)]
    if media == JSON and body is not None:
        arguments.append(f"json={body!r}")
    elif media is not None:
        headers["Content-Type"] = media
        arguments.append('data=open("FILE", "rb")')
    arguments += [f"headers={headers!r}", "timeout=60"]
    lines = "".join(f"    {argument},\n" for argument in arguments)
    return f"import requests\n\nresponse = requests.{method}(\n{lines})\nresponse.raise_for_status()\n"
