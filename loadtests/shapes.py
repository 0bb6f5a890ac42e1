"""A number of users that changes over time, in stages; used only when this file is named beside the locustfile:

locust -f loadtests/locustfile.py,loadtests/shapes.py --stages 10:10,10:20,5:80,15:20
"""

import sys
from typing import Any

from locust import LoadTestShape, events
from locust.argument_parser import LocustArgumentParser
from locust.env import Environment

from loadtests.errors import LoadTestError
from loadtests.stages import STEPS_AND_SPIKE, Stage, parse_stages, users_at


class Stages(LoadTestShape):
    """As many users as the stage of the moment says, all at once."""

    stages: tuple[Stage, ...] = ()

    def tick(self) -> tuple[int, float] | None:
        """The users that there should be now and how many to start per second; None at the end."""
        users = users_at(self.stages, self.get_run_time())
        return None if users is None else (users, float(min(max(users, 1), 100)))


@events.init_command_line_parser.add_listener
def add_arguments(parser: LocustArgumentParser) -> None:
    """Take the stages as an argument or from the environment."""
    parser.add_argument(
        "--stages",
        env_var="LOADTEST_STAGES",
        default=STEPS_AND_SPIKE,
        metavar="SECONDS:USERS,...",
        help="stages of the load, one after the other (default: %(default)s)",
    )


@events.init.add_listener
def prepare(environment: Environment, **_: Any) -> None:
    """Read the stages."""
    try:
        Stages.stages = parse_stages(vars(environment.parsed_options)["stages"])
    except LoadTestError as error:
        print(f"loadtest: {error}", file=sys.stderr)
        sys.exit(2)
