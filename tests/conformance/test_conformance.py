"""Every rule of the conformance kit, as a test of the platform that the `platform` fixture runs."""

from typing import Protocol

import pytest

from tests.conformance.kit.rules import Outcome, Rule, run
from tests.conformance.kit.table_of_contents import all_rules
from tests.conformance.kit.target import Platform

Outcomes = dict[str, Outcome]


class RunningPlatform(Protocol):
    """What the `platform` fixture gives: a gateway, a status service and two workers or more, all running."""

    gateway_url: str
    status_url: str


@pytest.fixture(scope="session")
def outcomes(platform: RunningPlatform, request: pytest.FixtureRequest) -> Outcomes:
    """How the rules that were selected ended: they run together, as they wait more than they work."""
    chosen = [rule for item in request.session.items for rule in _rules_of(item)]
    target = Platform(platform.gateway_url.rstrip("/"), platform.status_url.rstrip("/"))
    return {outcome.rule.name: outcome for outcome in run(chosen, target)}


def _rules_of(item: pytest.Item) -> list[Rule]:
    if isinstance(item, pytest.Function) and item.function is test_the_platform_keeps_its_contract:
        rule = item.callspec.params["rule"]
        return [rule] if isinstance(rule, Rule) else []
    return []


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name)
def test_the_platform_keeps_its_contract(rule: Rule, outcomes: Outcomes) -> None:
    outcome = outcomes[rule.name]
    if outcome.verdict == "skip":
        pytest.skip(outcome.reason)
    assert outcome.verdict == "pass", f"{rule.sentence}\n{outcome.reason}"
