"""Knowing that this process is about to end, so that replies which would go on for long end in time."""

from collections.abc import Callable


class Ending:
    """Asked by whoever waits; told by the server how to know."""

    def __init__(self) -> None:
        self._told: Callable[[], bool] = bool

    def follow(self, told: Callable[[], bool]) -> None:
        """Ask `told` from now on."""
        self._told = told

    @property
    def near(self) -> bool:
        """Whether the server has been asked to stop."""
        return self._told()
