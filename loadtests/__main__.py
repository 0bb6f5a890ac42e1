"""`python -m loadtests`: a load test without a browser, that ends by itself with a summary and an exit status."""

import os
import sys
from argparse import ArgumentTypeError
from pathlib import Path

from configargparse import ArgumentParser, Namespace

from loadtests.options import OPTIONS, add_options

HERE = Path(__file__).resolve().parent
ABOUT = "Many clients at once submit jobs and follow them to their results."
EXIT = (
    "Exit status: 0 when every job came to its result, 1 when one did not or a threshold was broken, "
    "2 when the test could not be run. Further arguments go to locust."
)


def main(arguments: list[str]) -> None:
    """Become locust, with the arguments that make it run headless for the time given."""
    parser = ArgumentParser(prog="scripts/loadtest", description=ABOUT, epilog=EXIT, add_env_var_help=True)
    parser.add_argument("--base-url", default="http://127.0.0.1:8000", metavar="URL", help="the gateway")
    parser.add_argument("--users", type=_positive, default=20, help="clients at once (default: %(default)s)")
    parser.add_argument("--time", type=_positive, default=30, metavar="SECONDS", help="default: %(default)s")
    parser.add_argument("--stages", default="", metavar="SECONDS:USERS,...", help="instead of --users and --time")
    add_options(parser)
    options, rest = parser.parse_known_args(arguments)
    command = [sys.executable, "-m", "locust", "--headless", "--skip-log-setup", "--host", options.base_url]
    os.execv(sys.executable, [*command, *_load(options), *_own(options), *rest])


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _load(options: Namespace) -> list[str]:
    files = str(HERE / "locustfile.py")
    if options.stages:
        return ["-f", f"{files},{HERE / 'shapes.py'}", "--stages", options.stages]
    rate = min(options.users, 100)
    return ["-f", files, f"--users={options.users}", f"--spawn-rate={rate}", f"--run-time={options.time}"]


def _own(options: Namespace) -> list[str]:
    values = {flag: getattr(options, flag.strip("-").replace("-", "_")) for flag in OPTIONS}
    return [f"{flag}={value}" for flag, value in values.items() if value]


if __name__ == "__main__":
    main(sys.argv[1:])
