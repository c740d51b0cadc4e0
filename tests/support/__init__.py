"""Helpers that several folders of tests share.

The modules that tests/client uses (`embedded_server`, `mailbox`, `users`, `waiting`) import no package of the
server, since `tests/matrix` runs the client's tests in environments without them.
"""
