"""`scripts/up`: the platform in the foreground, until Ctrl-C or SIGTERM."""

import signal
import sys
import time

from scripts.embedded.platform import Platform, PlatformError, from_environment
from services.jobs.settings import SettingsError, load_settings


def main() -> None:
    """Start the platform, keep it up, and end it in order."""
    signal.signal(signal.SIGTERM, _stop)
    try:
        with from_environment(load_settings()) as platform:
            print(f"gateway  {platform.gateway_url}")
            print(f"status   {platform.status_url}")
            print(f"store    {platform.redis_url}")
            print(f"logs     {platform.settings.data_dir.resolve() / 'logs'}")
            print("Ready. Ctrl-C ends it.", flush=True)
            keep_up(platform)
    except (SettingsError, PlatformError) as error:
        sys.exit(f"up: {error}")
    except KeyboardInterrupt:
        print("\nEnded.")


def keep_up(platform: Platform) -> None:
    """Start again whatever ends, until interrupted."""
    while True:
        platform.watch(lambda line: print(line, flush=True))
        time.sleep(0.2)


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
