"""A client's quota in headers, as draft-ietf-httpapi-ratelimit-headers (version 11) writes it."""

from flask import Response, after_this_request

from services.jobs.intake import RateLimited
from services.jobs.quota import Allowance
from services.web.problems import Problem

POLICY = '"default"'


def rate_headers(left: Allowance) -> dict[str, str]:
    """`RateLimit-Policy` and `RateLimit`; times in seconds."""
    return {
        "RateLimit-Policy": f"{POLICY};q={left.quota.requests};w={left.quota.seconds}",
        "RateLimit": f"{POLICY};r={left.remaining};t={left.reset}",
    }


def tell_allowance(left: Allowance | None) -> None:
    """Let the reply to this request say what is left of the client's quota, where there is one."""
    if left is None:
        return
    headers = rate_headers(left)

    @after_this_request
    def tell(response: Response) -> Response:
        response.headers.update(headers)
        return response


def too_many(refusal: RateLimited) -> Problem:
    """The refusal of a client whose quota is used up. It may come back when the quota is whole again."""
    left = refusal.allowance
    headers = {"Retry-After": str(left.reset), **rate_headers(left)}
    return Problem("rate-limited", f"{refusal}; come back in {left.reset} seconds.", headers=headers)
