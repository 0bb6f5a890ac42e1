"""The chapters in the order of the contract."""

from tests.conformance.kit import (
    cancelling,
    cors,
    deliveries,
    document,
    events,
    files,
    headers,
    idempotency,
    inputs,
    json_bodies,
    keys,
    listing,
    options,
    prefer,
    reading,
    refusals,
    results,
    service,
    sizes,
    submit,
    tracing,
    webhooks,
    whole_run,
    wire,
)
from tests.conformance.kit.rules import Rule, rules_of

CHAPTERS = (
    submit,
    inputs,
    json_bodies,
    refusals,
    wire,
    sizes,
    idempotency,
    options,
    prefer,
    document,
    reading,
    results,
    files,
    events,
    listing,
    cancelling,
    webhooks,
    deliveries,
    headers,
    tracing,
    cors,
    service,
    keys,
    whole_run,
)


def all_rules() -> list[Rule]:
    """Every rule of the kit, in the contract's order."""
    return rules_of(CHAPTERS)
