"""The audit log: who did what, from where, and how it ended. A structured line each, and never a secret."""

import json
import logging

log = logging.getLogger("bokeh_cloud.audit")


class Audit:
    """Writes the audit log."""

    def note(self, action: str, user: str, origin: str, outcome: str, **facts: str) -> None:
        """Write a line.

        Args:
            action: what was done, such as `keys.revoke`.
            user: the account; empty when it is not known.
            origin: the network address of who asked.
            outcome: `done`, `asked` or `refused`.
            facts: ids of the things concerned.
        """
        line = {"action": action, "user": user, "origin": origin, "outcome": outcome, **facts}
        log.info("%s", json.dumps(line, ensure_ascii=True))


def print_audit() -> None:
    """Print the audit log: on standard error, a line of JSON for each entry and nothing around it."""
    if not log.handlers:
        log.addHandler(logging.StreamHandler())
        log.setLevel(logging.INFO)
        log.propagate = False
