"""After all other tests of this folder: the cloud leaked no secret in its log, errors or process titles."""

import os
import re
from pathlib import Path

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
