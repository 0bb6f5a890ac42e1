"""Coatcheck itself, as shipped: started by scripts/up, with nothing switched off."""

import os
import re

from loadtests.compare import environment
from loadtests.compare.processes import Processes, command_of
from loadtests.compare.stack import Stack
from loadtests.compare.store import Store
from loadtests.compare.wire import Address

GATEWAY_PORT = 19020
STATUS_PORT = 19021
WEB = re.compile(r"services\.(gateway|status)\b")
WORKER = re.compile(r"services\.worker\b")
LOCKED = re.compile(r"^([a-z0-9-]+)==([^ ;\\]+)", re.MULTILINE)


class Coatcheck(Stack):
    """The project itself. SERVER in the environment chooses its web server, as it does for scripts/up."""

    name = "coatcheck"
    submit_to = Address("127.0.0.1", GATEWAY_PORT)
    submit_path = "/v1/jobs/simulate"

    def __init__(self) -> None:
        super().__init__()
        server = os.environ.get("SERVER", "")
        self.title = f"Coatcheck on {server}" if server else "Coatcheck"

    def start(self, store: Store) -> None:
        """Start the whole platform on ports of its own and wait until the gateway accepts a job."""
        settings = {
            "GATEWAY_PORT": str(GATEWAY_PORT),
            "STATUS_PORT": str(STATUS_PORT),
            "DATA_DIR": str(environment.CACHE / "coatcheck"),
            "REDIS_URL": store.url,
            "WORKERS": "2",
            # Still counted and compared with every submission; the default would end the longest fill.
            "MAX_QUEUE_DEPTH": "1000000",
        }
        self.run([str(environment.ROOT / "scripts" / "up")], environment.ROOT, {**os.environ, **settings})
        self.wait_for("no answer to a submission", self.answers)

    @property
    def servers(self) -> Processes:
        """The gateway and the status service."""
        return Processes(lambda: self.of_role(WEB))

    @property
    def workers(self) -> Processes:
        """The workers and their children."""
        return Processes(lambda: self.of_role(WORKER))

    def of_role(self, role: re.Pattern[str]) -> list[int]:
        """The processes below scripts/up whose command names one of the role's services."""
        everything = Processes(lambda: [made.pid for made in self.started]).pids()
        return [pid for pid in everything if role.search(command_of(pid))]

    def finished(self, store: Store) -> int:
        """Counted by the jobs that are open, the other way round."""
        return -store.number(["SCARD", "cc:open"])

    def versions(self) -> dict[str, str]:
        """What the locks under requirements/ name."""
        locks = sorted((environment.ROOT / "requirements").glob("*.txt"))
        return {name: version for lock in locks for name, version in LOCKED.findall(lock.read_text())}
