"""`scripts/demo`: the platform at work, one real job of each type, step by step."""

import argparse
import signal
import sys
import time

from scripts.embedded.platform import Platform, PlatformError, from_environment
from scripts.embedded.tour import Tour
from scripts.embedded.up import keep_up
from services.jobs.settings import SettingsError, load_settings


def main() -> None:
    """Start the platform, show a job of each type, and stay up unless --once is given."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the results, with nothing left running")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        print("Starting Valkey, gateway, status and workers …", flush=True)
        began = time.monotonic()
        with from_environment(load_settings()) as platform:
            print(f"Ready after {time.monotonic() - began:.1f} s.")
            failed = Tour(platform.gateway_url, sys.stdout).run()
            if failed or arguments.once:
                sys.exit(f"demo: {failed} of the jobs did not succeed" if failed else 0)
            _stay(platform)
    except (SettingsError, PlatformError) as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        print("\nEnded.")


def _stay(platform: Platform) -> None:
    print("The platform stays up for you. Try:")
    print(
        f"  curl -i -H 'Content-Type: application/json' -d '{{\"text\": \"to be or not to be\"}}' "
        f"{platform.gateway_url}/v1/jobs/text-report"
    )
    print(f"  gateway {platform.gateway_url}/   status {platform.status_url}/")
    print(f"  files   {platform.settings.data_dir.resolve()}")
    print("Ctrl-C ends it.", flush=True)
    keep_up(platform)


if __name__ == "__main__":
    main()
