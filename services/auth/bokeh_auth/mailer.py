"""The thread that works off the outbox."""

import logging
import threading

from bokeh_auth.links import Links
from bokeh_auth.outbox import Outbox
from bokeh_common.errors import CloudError

log = logging.getLogger(__name__)

IDLE_SECONDS = 5.0
CLEARING_SECONDS = 3600.0


class Mailer:
    """Delivers what is due, every few seconds and whenever it is woken."""

    def __init__(self, outbox: Outbox, links: Links, idle: float = IDLE_SECONDS) -> None:
        self._outbox = outbox
        self._links = links
        self._idle = idle
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._work, name="mailer", daemon=True)
        self._ended = False

    def start(self) -> None:
        """Begin, in the process that serves: a thread does not survive a fork."""
        self._thread.start()

    def wake(self) -> None:
        """Look now."""
        self._woken.set()

    def stop(self) -> None:
        """End after the mail that is being sent."""
        self._ended = True
        self.wake()
        self._thread.join()

    def _work(self) -> None:
        rounds, clearing = 0, int(CLEARING_SECONDS / self._idle)
        while not self._ended:
            self._woken.clear()
            try:
                self._outbox.deliver()
                if rounds % clearing == 0:
                    self._links.clear()
            except CloudError as error:
                log.warning("The outbox cannot be read: %s", error)
            except Exception:
                log.exception("The mailer failed; it goes on")
            rounds += 1
            self._woken.wait(self._idle)
