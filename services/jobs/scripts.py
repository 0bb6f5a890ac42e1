"""The store's atomic scripts: one file each under `scripts/`, one round trip each."""

import hashlib
from pathlib import Path
from typing import Any

from redis.exceptions import NoScriptError

from services.jobs.ahead import Ahead
from services.jobs.connection import Store

FOLDER = Path(__file__).parent / "scripts"
COMMON = (FOLDER / "common.lua").read_text(encoding="utf-8")


class Script:
    """One script, called with its arguments in the order in which its text unpacks them."""

    def __init__(self, name: str, *, reads_only: bool = False, grows: bool = False) -> None:
        """`grows`: the store refuses it when memory is full; all others are let through, so that it can drain."""
        own = (FOLDER / f"{name}.lua").read_text(encoding="utf-8")
        flags = "no-writes" if reads_only else "" if grows else "allow-oom"
        self.text = f"#!lua flags={flags}\n" + (own if reads_only else COMMON + own)
        self.sha = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()
        self._by_hash, self._by_text = ("EVALSHA_RO", "EVAL_RO") if reads_only else ("EVALSHA", "EVAL")

    def __call__(self, client: Store, *arguments: str | bytes | int | float) -> Any:
        """Run the script by its hash; its text is sent only to a store that does not know it yet."""
        try:
            return client.call(self._by_hash, self.sha, 0, *arguments)
        except NoScriptError:
            return client.call(self._by_text, self.text, 0, *arguments)

    def send(self, ahead: Ahead, *arguments: str | bytes | int | float) -> None:
        """Send it ahead by its hash; a store that does not know it says so in its reply."""
        ahead.send(self._by_hash, self.sha, 0, *arguments)
