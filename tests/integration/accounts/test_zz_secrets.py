"""After all other tests of this folder: no secret of theirs is in what the cloud printed or answered."""

import os
import re
from pathlib import Path

import requests

from tests.integration.people import TIMEOUT, Cloud, Person

SECRET = re.compile(r"bk[a-z]_[\w.-]{8,}")


def titles() -> list[str]:
    """Return the command lines of everything that this test run has started, and of what that has."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            [parent] = re.findall(r"^PPid:\t(\d+)", (folder / "status").read_text(), re.MULTILINE)
        except OSError:
            continue  # it has ended
        found[folder.name] = (parent, command)
    ours, more = set[str](), {str(os.getpid())}
    while more:
        ours |= more
        more = {pid for pid, (parent, _) in found.items() if parent in ours} - ours
    return [found[pid][1] for pid in ours if pid in found]


def test_none_was_printed(cloud: Cloud, ada: Person, bob: Person) -> None:
    ada.make_key("plots:read")
    requests.get(f"{cloud.url}/login/bko_{'x' * 38}", timeout=TIMEOUT)
    text = cloud.printed.read_text()
    assert text
    assert SECRET.findall(text) == []
    assert "@example.com" not in text
    done = [entry for entry in cloud.acts() if entry["outcome"] == "done"]
    assert {"register", "keys.make"} <= {entry["action"] for entry in done}
    assert {"ada", "bob"} <= {entry["user"] for entry in done}


def test_none_is_in_the_answer_to_a_mistake(cloud: Cloud, ada: Person) -> None:
    key, wrong = ada.make_key("plots:read"), "bkp_" + "0" * 38
    for path in ("/ada/plots", "/ada/data", "/ada/keys", "/whoami", f"/plots/{'a' * 16}/show", "/nowhere"):
        for token in (key, wrong, ada.browser.cookies["bokeh_cloud"]):
            cloud.request("GET", path, token)
            cloud.request("POST", path, token, data=b"{")
        cloud.request("GET", f"{path}?share=bkl_{'0' * 38}")
    assert len(cloud.mistakes) > 20
    assert [found for mistake in cloud.mistakes for found in SECRET.findall(mistake)] == []


def test_none_is_in_a_process_title(cloud: Cloud) -> None:
    commands = titles()
    assert len([command for command in commands if "bokeh" in command]) >= 2  # a server and its worker
    assert [found for command in commands for found in SECRET.findall(command)] == []
    assert "smtp://" not in " ".join(commands)
