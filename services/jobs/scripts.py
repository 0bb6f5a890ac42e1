"""The store's atomic scripts: one file each under `scripts/`, one round trip each.

What several of them share is under `scripts/parts/`. The first line of a file says which parts it needs; a script is
sent with these and no others, since the store makes all of its functions anew each time that it runs.
"""

import hashlib
from pathlib import Path
from typing import Any

from redis.exceptions import NoScriptError

from services.jobs.ahead import Ahead
from services.jobs.connection import Store

FOLDER = Path(__file__).parent / "scripts"
NEEDS = "-- needs: "


class Script:
    """One script, called with its arguments in the order in which its text unpacks them."""

    def __init__(self, name: str, *, reads_only: bool = False, grows: bool = False) -> None:
        """`grows`: the store refuses it when memory is full; all others are let through, so that it can drain."""
        flags = "no-writes" if reads_only else "" if grows else "allow-oom"
        self.text = f"#!lua flags={flags}\n" + "".join(_files(FOLDER / f"{name}.lua").values())
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


def _files(path: Path) -> dict[Path, str]:
    """The text of a file by its path, after those that it needs; each of them once."""
    text = path.read_text(encoding="utf-8")
    first = text.partition("\n")[0]
    needed = first.removeprefix(NEEDS).split() if first.startswith(NEEDS) else []
    found: dict[Path, str] = {}
    for part in needed:
        found |= _files(FOLDER / "parts" / f"{part}.lua")
    return {**found, path: text}
