"""Whether the store answers, and who works."""

from redis import Redis


class Pulse:
    """Looks at the store and the workers, for readiness checks."""

    def __init__(self, client: Redis) -> None:
        self._client = client

    def workers(self) -> int:
        """How many workers have been heard of lately; raises StoreError if the store gives no answer."""
        names = self._client.smembers("rq:workers")
        return self._client.exists(*names) if names else 0
