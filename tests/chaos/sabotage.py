"""`python -m tests.chaos.sabotage WHO STEP VICTIM MARK`: a worker or gateway that is killed once, at one step.

Everything else is the service as it is, but with shorter times. The file MARK says that it has happened.
"""

import os
import runpy
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.jobs import dispatch, intake
from services.jobs.dispatch import JobDispatch
from services.jobs.intake import JobIntake
from services.jobs.lines import Line
from services.jobs.scripts import Script
from services.worker import audit, child, sweep, worker

LEASE_MS, BEAT_S, LOST_DELAY_MS = 1_200, 0.2, 200


class Saboteur:
    """Kills once: the process that is at the step `alone`, or `both` it and its parent."""

    def __init__(self, victim: str, mark: Path) -> None:
        self._victim, self._mark = victim, mark

    def strike(self) -> None:
        """End the victim as SIGKILL does, the first time that this is called."""
        try:
            self._mark.touch(exist_ok=False)
        except FileExistsError:
            return
        if self._victim == "both":
            os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)

    def before(self, owner: Any, name: str) -> None:
        """Strike before `owner.name` is called."""
        self._wrap(owner, name, lambda call: (self.strike(), call())[1])

    def after(self, owner: Any, name: str, when: Callable[[Any], Any] = bool) -> None:
        """Strike when `owner.name` has returned something for which `when` holds."""

        def then_strike(call: Callable[[], Any]) -> Any:
            result = call()
            if when(result):
                self.strike()
            return result

        self._wrap(owner, name, then_strike)

    def unread(self, script: Script) -> None:
        """Strike when the store has run `script` to some effect, and its reply has not been read."""
        send, names = Line.send, (script.sha.encode(), script.text.encode())

        def send_and_strike(line: Line, packed: bytes) -> None:
            send(line, packed)
            if any(name in packed for name in names) and not _is_nothing(_peek(line._socket)):
                self.strike()

        Line.send = send_and_strike  # type: ignore[method-assign]

    def _wrap(self, owner: Any, name: str, around: Callable[[Callable[[], Any]], Any]) -> None:
        original = getattr(owner, name)
        setattr(owner, name, lambda *args, **kwargs: around(lambda: original(*args, **kwargs)))


def _peek(line: socket.socket) -> bytes:
    select.select([line], [], [], 10)
    return line.recv(64, socket.MSG_PEEK)


def _is_nothing(reply: bytes) -> bool:
    """Nil, an empty list, or that the script is not known yet."""
    return reply.startswith((b"-NOSCRIPT", b"*-1", b"$-1", b"*0\r"))


STEPS: dict[str, Callable[[Saboteur], None]] = {
    "nowhere": lambda _: None,
    "before-claim": lambda saboteur: saboteur.before(JobDispatch, "claim"),
    "claim-unread": lambda saboteur: saboteur.unread(dispatch.CLAIM),
    "handed": lambda saboteur: saboteur.after(JobDispatch, "wait_for_work"),
    "before-function": lambda saboteur: saboteur.before(child, "attempt"),
    "after-function": lambda saboteur: saboteur.after(child, "attempt"),
    "before-publish": lambda saboteur: saboteur.before(JobDispatch, "publish"),
    "publish-unread": lambda saboteur: saboteur.unread(dispatch.PUBLISH),
    "before-publish-ahead": lambda saboteur: saboteur.before(JobDispatch, "publish_ahead"),
    "published-ahead": lambda saboteur: saboteur.after(JobDispatch, "publish_ahead", lambda _: True),
    "next-claimed": lambda saboteur: saboteur.after(JobDispatch, "publish", lambda reply: reply[1]),
    "before-lose": lambda saboteur: saboteur.before(JobDispatch, "lose"),
    "lose-unread": lambda saboteur: saboteur.unread(dispatch.LOSE),
    "beat": lambda saboteur: saboteur.after(JobDispatch, "beat", lambda beat: beat.held),
    "taken-up": lambda saboteur: saboteur.after(JobDispatch, "beat", lambda beat: beat.taken_up),
    "before-bury": lambda saboteur: saboteur.before(JobDispatch, "bury"),
    "bury-unread": lambda saboteur: saboteur.unread(dispatch.BURY),
    "before-rescue": lambda saboteur: saboteur.before(JobDispatch, "rescue"),
    "rescue-unread": lambda saboteur: saboteur.unread(dispatch.RESCUE),
    "before-accept": lambda saboteur: saboteur.before(JobIntake, "accept"),
    "accept-unread": lambda saboteur: saboteur.unread(intake.ACCEPT),
}


def main(who: str, step: str, victim: str, mark: str) -> None:
    """Become the service, sabotaged."""
    dispatch.LEASE_MS, dispatch.LOST_DELAY_MS = LEASE_MS, LOST_DELAY_MS
    worker.BEAT_S, sweep.EXPIRED_EVERY_S, audit.CHECK_EVERY_S = BEAT_S, 0.5, 0.5
    STEPS[step](Saboteur(victim, Path(mark)))
    sys.argv = [who, "sabotaged"]
    runpy.run_module(f"services.{who}", run_name="__main__")


if __name__ == "__main__":
    main(*sys.argv[1:])
