"""The worker as RQ's own tools know it: registered, commanded, and signed off."""

import json
import logging

from redis import Redis
from redis.client import PubSub
from rq import Worker as RQWorker
from rq.command import handle_command
from rq.serializers import JSONSerializer
from rq.utils import now
from rq.worker_registration import clean_worker_registry, register

from services.jobs.connection import Store, StoreError
from services.jobs.record import QUEUES

log = logging.getLogger(__name__)

FORGOTTEN_S = 60
"""After this long without a heartbeat RQ's tools see a worker no more; the scripts say the same."""


class RegisteredWorker(RQWorker):
    """An RQ worker that a store which is away does not end. RQ's way of running jobs is not used."""

    def __init__(self, name: str, client: Store) -> None:
        super().__init__(list(QUEUES), name=name, connection=client, serializer=JSONSerializer, worker_ttl=FORGOTTEN_S)

    def _set_connection(self, connection: Redis) -> Redis:
        """RQ would set a time limit of 55 s for every call: a frozen store would then freeze its workers."""
        return connection

    def _set_ip_address(self, connection: Redis) -> None:
        """RQ asks the store for it, which may be away."""
        self.ip_address = "unknown"

    def register(self) -> None:
        """Make this worker known. What the child may have claimed already stays."""
        self.birth_date = self.last_heartbeat = now()
        with self.connection.pipeline() as pipe:
            pipe.hset(self.key, mapping=self.serialize())
            pipe.hsetnx(self.key, "state", "idle")
            pipe.expire(self.key, FORGOTTEN_S)
            register(self, pipe)
            pipe.execute()
        for queue in self.queues:
            clean_worker_registry(queue)

    def leave(self) -> None:
        """Sign off; a store that is away will notice by itself."""
        try:
            self.register_death()  # type: ignore[no-untyped-call]
        except StoreError as error:
            log.warning("store: %s: %s", type(error).__name__, error)

    def take_commands(self) -> None:
        """Obey what RQ's tools and the gateway's cancel send."""
        if self.pubsub is None:
            self.pubsub = self._subscribed()
        while message := self.pubsub.get_message(ignore_subscribe_messages=True):
            try:
                handle_command(self, json.loads(message["data"]))
            except (ValueError, KeyError, TypeError) as error:
                log.warning("a command that can't be understood was left out: %s: %s", type(error).__name__, error)

    def _subscribed(self) -> PubSub:
        pubsub: PubSub = self.connection.pubsub()
        try:
            pubsub.subscribe(self.pubsub_channel_name)
        except StoreError:
            pubsub.close()
            raise
        return pubsub
