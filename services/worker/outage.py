"""A time in which the store gives no answer: said once when it begins, and once when it is over."""

import logging

log = logging.getLogger(__name__)


class Outage:
    """Keeps the log short while the same call fails again and again."""

    def __init__(self) -> None:
        self._said = ""

    def note(self, error: Exception) -> None:
        """A call has failed."""
        says = f"{type(error).__name__}: {error}"
        if says != self._said:
            log.warning("store: %s; trying until it answers", says)
        self._said = says

    def over(self) -> None:
        """A call has succeeded."""
        if self._said:
            log.warning("store: it answers again")
        self._said = ""
