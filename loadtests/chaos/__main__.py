"""`scripts/chaos`: break things on purpose, and see whether the promises hold."""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from loadtests.chaos.control import control
from loadtests.chaos.ledger import Ledger
from loadtests.chaos.plot import plot
from loadtests.chaos.run import Run
from scripts.embedded import valkey
from scripts.embedded.platform import Platform
from services.jobs.settings import Settings

WORK = Path(__file__).with_name("work.py")


def main() -> None:
    """Exit status 0 if nothing was lost, wrong, failed or changed, and nothing is left over."""
    arguments = _arguments()
    sound = True
    for seed in arguments.seed:
        print(f"seed {seed}: {arguments.jobs} jobs, {arguments.faults} faults", flush=True)
        began = time.monotonic()
        ledger, rest, plotted = _once(arguments, seed)
        print("\n".join(f"  {line}" for line in ledger.lines()))
        print(f"  left over: {', '.join(rest[:10]) or 'nothing'}")
        print(f"  {time.monotonic() - began:.0f} s; plot: {plotted}", flush=True)
        sound = sound and ledger.sound and not rest
    if arguments.control:
        print("control: plain RQ workers under the same kinds of fault", flush=True)
        print(
            "\n".join(
                f"  {line}" for line in control(arguments.jobs, arguments.faults, arguments.seed[0], arguments.gap)
            )
        )
    sys.exit(0 if sound else 1)


def _once(arguments: argparse.Namespace, seed: int) -> tuple[Ledger, list[str], Path]:
    folder = Path(tempfile.mkdtemp(prefix="coatcheck-chaos-"))
    log = folder / "executions.log"
    settings = Settings.model_validate(
        {
            "gateway_port": valkey.free_port(),
            "status_port": valkey.free_port(),
            "data_dir": folder,
            "workers": arguments.workers,
            "worker_grace": 5.0,
            "job_types": str(WORK),
        }
    )
    environment = {**os.environ, "CHAOS_LOG": str(log)}
    environment |= {name.upper(): str(getattr(settings, name)) for name in settings.model_fields_set}
    with Platform(settings, environment, own_store=True) as platform:
        run = Run(platform, log, arguments.jobs, arguments.faults, seed, arguments.gap)
        ledger, rest = run.go()
    return ledger, rest, plot(folder / "chaos.svg", run.clients.tickets, run.watcher.ends, run.faults.done)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__)
    parser.add_argument("--jobs", type=int, default=300, help="jobs to hand in (300)")
    parser.add_argument("--faults", type=int, default=30, help="faults to do (30)")
    parser.add_argument("--seed", type=int, nargs="+", default=[1], help="seeds, one run each (1)")
    parser.add_argument("--gap", type=float, default=0.8, help="mean seconds between faults (0.8)")
    parser.add_argument("--workers", type=int, default=3, help="worker processes (3)")
    parser.add_argument("--control", action="store_true", help="also put plain RQ workers through it")
    return parser.parse_args()


if __name__ == "__main__":
    main()
