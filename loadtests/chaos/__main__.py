"""`scripts/chaos`: break things on purpose, and see whether the promises hold."""

import argparse
import signal
import sys
import tempfile
import time
from pathlib import Path

from loadtests.chaos.compose import composed
from loadtests.chaos.control import control
from loadtests.chaos.embedded import embedded
from loadtests.chaos.plot import plot
from loadtests.chaos.run import Run
from scripts.compose.project import ComposeError, why_not
from scripts.embedded.platform import PlatformError


def main() -> None:
    """Exit status 0 if all was accepted, nothing was lost, wrong, failed or changed, and nothing is left over."""
    arguments = _arguments()
    if arguments.compose and (reason := why_not()):
        sys.exit(f"chaos: {reason}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sound = all([_once(arguments, seed) for seed in arguments.seed])
    except (ComposeError, PlatformError) as error:
        sys.exit(f"chaos: {error}")
    except KeyboardInterrupt:
        sys.exit("chaos: ended before its time; nothing is left running")
    if arguments.control:
        print("control: plain RQ workers under the same kinds of fault", flush=True)
        lines = control(arguments.jobs, arguments.faults, arguments.seed[0], arguments.gap)
        print("\n".join(f"  {line}" for line in lines))
    sys.exit(0 if sound else 1)


def _once(arguments: argparse.Namespace, seed: int) -> bool:
    """One run, and what it says; whether all promises were kept."""
    print(f"seed {seed}: {arguments.jobs} jobs, {arguments.faults} faults", flush=True)
    folder = Path(tempfile.mkdtemp(prefix="coatcheck-chaos-"))
    began = time.monotonic()
    with (composed if arguments.compose else embedded)(folder, arguments.workers) as site:
        up = time.monotonic()
        run = Run(site, arguments.jobs, arguments.faults, seed, arguments.gap)
        ledger, rest = run.go()
        took = time.monotonic() - up
    (folder / "faults.log").write_text("".join(f"{fault}\n" for fault in run.faults.done), encoding="utf-8")
    plotted = plot(folder / "chaos.svg", run.clients.tickets, run.watcher.ends, run.faults.done)
    print(f"  faults: {run.faults}")
    for line in (*ledger.lines(), *run.pulse.lines(run.faults.done)):
        print(f"  {line}")
    print(f"  not accepted: {'; '.join(run.clients.refused[:10]) or 'none'}")
    print(f"  left over: {', '.join(rest[:10]) or 'nothing'}")
    print(
        f"  up after {up - began:.0f} s, ran for {took:.0f} s; plot: {plotted}, faults and executions beside it",
        flush=True,
    )
    return ledger.sound and not run.clients.refused and not rest


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__)
    parser.add_argument("--compose", action="store_true", help="break containers, in a compose project of their own")
    parser.add_argument("--jobs", type=int, default=300, help="jobs to hand in (300)")
    parser.add_argument("--faults", type=int, default=30, help="faults to do (30)")
    parser.add_argument("--seed", type=int, nargs="+", default=[1], help="seeds, one run each (1)")
    parser.add_argument("--gap", type=float, default=0.8, help="mean seconds between faults (0.8)")
    parser.add_argument("--workers", type=int, default=3, help="worker processes or containers (3)")
    parser.add_argument("--control", action="store_true", help="also put plain RQ workers through it")
    return parser.parse_args()


if __name__ == "__main__":
    main()
