"""How many tries may be under way: in all, and at one receiver."""

import threading
from collections import Counter

TOTAL = 32
EACH = 4
REMEMBERED = 10_000


class Slots:
    """Counts the tries under way. A receiver that did not answer last time gets one at a time until it does."""

    def __init__(self, total: int = TOTAL, each: int = EACH) -> None:
        self._total, self._each = total, each
        self._changed = threading.Condition()
        self._under_way = 0
        self._busy: Counter[str] = Counter()
        self._silent: set[str] = set()

    def take(self, receiver: str) -> None:
        """A try at `receiver` begins."""
        with self._changed:
            self._under_way += 1
            self._busy[receiver] += 1

    def leave(self, receiver: str, *, answered: bool) -> None:
        """The receiver has been left alone; the try still has to be reported."""
        with self._changed:
            self._busy[receiver] -= 1
            if not self._busy[receiver]:
                del self._busy[receiver]
            if answered or len(self._silent) >= REMEMBERED:
                self._silent.discard(receiver)
            else:
                self._silent.add(receiver)

    def give_back(self) -> None:
        """The try is over."""
        with self._changed:
            self._under_way -= 1
            self._changed.notify_all()

    def full(self) -> list[str]:
        """The receivers at which no further try may begin now."""
        with self._changed:
            return [name for name, busy in self._busy.items() if busy >= (1 if name in self._silent else self._each)]

    def wait_for_free(self, seconds: float) -> int:
        """How many tries may begin, after waiting until there is one or `seconds` have passed."""
        with self._changed:
            self._changed.wait_for(lambda: self._under_way < self._total, seconds)
            return self._total - self._under_way

    def wait_for_none(self, seconds: float) -> int:
        """How many tries are still under way, after waiting until there is none or `seconds` have passed."""
        with self._changed:
            self._changed.wait_for(lambda: not self._under_way, seconds)
            return self._under_way
