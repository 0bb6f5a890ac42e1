"""Times as the platform writes them: RFC 3339 in UTC with milliseconds."""

from datetime import UTC, datetime


def rfc3339(milliseconds: int) -> str:
    """A moment in milliseconds since 1970 as `2026-01-31T12:00:00.000Z`."""
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def rq_time() -> str:
    """Now, as RQ writes times in its own data."""
    return datetime.now(UTC).isoformat(timespec="microseconds")[:-6] + "Z"
