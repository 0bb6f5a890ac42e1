"""Commands that are sent one after the other, and whose replies are waited for together."""

from typing import Any

import hiredis

from services.jobs.lines import Line, Lines, StoreError


class Ahead:
    """Keeps one connection from the first command to the replies. After an error nothing is known of any of them."""

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._line: Line | None = None
        self._sent = 0
        self._error: StoreError | None = None

    def send(self, *command: str | bytes | int | float) -> None:
        """Send a command, which must be safe to repeat; an error is told with the replies."""
        if self._error:
            return
        try:
            self._line = self._line or self._lines.take()
            self._line.send(hiredis.pack_command(command))  # type: ignore[arg-type]
            self._sent += 1
        except StoreError as error:
            self._error = error

    def replies(self) -> list[Any]:
        """The reply to each command since the last time, which may be an exception; raises StoreError."""
        line, sent, error = self._line, self._sent, self._error
        self._line, self._sent, self._error = None, 0, None
        try:
            if error:
                raise error
            replies = [line.receive() for _ in range(sent)] if line else []
        except BaseException:
            if line:
                self._lines.drop(line)
            raise
        if line:
            self._lines.put(line)
        return replies
