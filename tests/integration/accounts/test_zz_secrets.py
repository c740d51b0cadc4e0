"""After all other tests of this folder: the cloud leaked no secret in its log, errors or process titles."""

import os
import re
import socket
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

import requests

from tests.support.users import TIMEOUT, RunningCloud, User

SECRET = re.compile(r"bk[a-z]_[\w.-]{8,}")


def command_lines() -> list[str]:
    """Return the command lines of this process and of all its descendants."""
    processes = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            [parent] = re.findall(r"^PPid:\t(\d+)", (folder / "status").read_text(), re.MULTILINE)
        except OSError:
            continue  # the process has ended
        processes[folder.name] = (parent, command)
    found, children = set[str](), {str(os.getpid())}
    while children:
        found |= children
        children = {pid for pid, (parent, _) in processes.items() if parent in found} - found
    return [processes[pid][1] for pid in found if pid in processes]


def test_the_log_has_no_secrets(cloud: RunningCloud, ada: User, bob: User) -> None:
    ada.make_key("plots:read")
    requests.get(f"{cloud.url}/login/bko_{'x' * 38}", timeout=TIMEOUT)
    text = cloud.log_file.read_text()
    assert text
    assert SECRET.findall(text) == []
    assert "@example.com" not in text
    done = [entry for entry in cloud.audit_entries() if entry["outcome"] == "done"]
    assert {"register", "keys.make"} <= {entry["action"] for entry in done}
    assert {"ada", "bob"} <= {entry["user"] for entry in done}


def test_secrets_in_odd_places_are_not_logged(cloud: RunningCloud, ada: User) -> None:
    for secret in (ada.make_key("plots:read"), "bkl_" + "0" * 38):
        for written in (secret, quote(secret).replace("_", "%5F"), "".join(f"%{ord(c):02x}" for c in secret)):
            for path in (
                f"/{written}",
                f"/plots/{written}/show",
                f"/ada/data?next={written}",
                f"/?a#{written}",
            ):
                for method in ("GET", "POST", "PATCH", "TRACE"):
                    headers = {"Referer": cloud.url + path, "User-Agent": written, "X-Request-Id": written}
                    requests.request(method, cloud.url + path, headers=headers, timeout=TIMEOUT)
        with socket.create_connection(("127.0.0.1", urlsplit(cloud.url).port)) as connection:
            connection.sendall(f"{secret} /{secret} HTTP/9.9\r\n{secret}\r\n\r\n".encode())
            connection.recv(1000)
    text = cloud.log_file.read_text()
    for _ in range(3):
        assert SECRET.findall(text.replace("REDACTED", "")) == []
        text = unquote(text)


def test_error_responses_have_no_secrets(cloud: RunningCloud, ada: User) -> None:
    key, invalid = ada.make_key("plots:read"), "bkp_" + "0" * 38
    for path in ("/ada/plots", "/ada/data", "/ada/keys", "/whoami", f"/plots/{'a' * 16}/show", "/nowhere"):
        for token in (key, invalid, ada.browser.cookies["bokeh_cloud"]):
            cloud.request("GET", path, token)
            cloud.request("POST", path, token, data=b"{")
        cloud.request("GET", f"{path}?share=bkl_{'0' * 38}")
    assert len(cloud.error_responses) > 20
    assert [found for response in cloud.error_responses for found in SECRET.findall(response)] == []


def test_process_titles_have_no_secrets(cloud: RunningCloud) -> None:
    commands = command_lines()
    assert len([command for command in commands if "bokeh" in command]) >= 2  # a server and its worker
    assert [found for command in commands for found in SECRET.findall(command)] == []
    assert "smtp://" not in " ".join(commands)
