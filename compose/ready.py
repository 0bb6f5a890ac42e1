"""`python ready.py PORT PATH`: exit status 0 if the service on that port of this machine answers with 200 there."""

import os
import sys
from http.client import HTTPConnection


def main(port: str, path: str) -> int:
    """Ask under a host name that the service trusts."""
    host = os.environ.get("TRUSTED_HOSTS", "").split(",")[0].strip().lstrip(".") or "localhost"
    connection = HTTPConnection("127.0.0.1", int(port), timeout=3)
    connection.request("GET", path, headers={"Host": host})
    return 0 if connection.getresponse().status == 200 else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
