"""`scripts/api-key NAME`: a new API key, and the setting by which the services know it."""

import hashlib
import re
import secrets
import sys

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
USAGE = "usage: scripts/api-key NAME, where NAME is 1 to 64 letters, digits, dots, dashes and underscores"


def main(arguments: list[str]) -> int:
    """Print a key of 256 random bits. What the services are told is its SHA-256, from which it can't be had back."""
    if len(arguments) != 1 or not NAME.fullmatch(arguments[0]):
        print(USAGE, file=sys.stderr)
        return 2
    key = f"cck_{secrets.token_urlsafe(32)}"
    print(f"The key, for {arguments[0]} alone; it is shown this once:\n\n    {key}\n")
    print("For the services, in .env or the environment (several keys are separated by commas):\n")
    print(f"    API_KEYS={arguments[0]}:{hashlib.sha256(key.encode()).hexdigest()}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
