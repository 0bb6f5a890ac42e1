"""Log lines of both services: each says which request it belongs to."""

import logging

from flask import has_request_context

from services.web.request import current

FORMAT = "%(asctime)s %(levelname)s %(name)s request=%(request_id)s %(message)s"


class RequestContext(logging.Filter):
    """Adds the id of the request at hand, or "-" outside of one."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through, with its request id."""
        record.request_id = (current().id if has_request_context() else "") or "-"
        return True


def set_up(level: str) -> None:
    """Log to standard error, with the request id in each line."""
    handler = logging.StreamHandler()
    handler.addFilter(RequestContext())
    logging.basicConfig(level=level, format=FORMAT, handlers=[handler])
