"""What a rule is, and how rules are run: in threads, each bounded in time."""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import ModuleType
from typing import Literal

from tests.conformance.kit.client import Client
from tests.conformance.kit.target import Platform, Skipped

Check = Callable[[Client], None]
When = Literal["together", "alone", "last"]
MARK = "__conformance_rule__"
SECONDS = 40.0
"""How long one rule may take before its next request fails."""


@dataclass(frozen=True)
class Rule:
    """One promise: a sentence, and the check that fails with AssertionError when it is broken.

    `when` says whether other rules may run beside it ("together"), none may ("alone"), or it looks
    back at the whole run ("last").
    """

    chapter: str
    sentence: str
    check: Check
    when: When = "together"

    @property
    def name(self) -> str:
        """A short name that is unique: `chapter.function`."""
        return f"{self.chapter}.{self.check.__name__}"


@dataclass(frozen=True)
class Outcome:
    """How one rule ended; `reason` says why it failed or was skipped."""

    rule: Rule
    verdict: Literal["pass", "FAIL", "skip"]
    reason: str
    seconds: float


def rule(sentence: str, *, when: When = "together") -> Callable[[Check], Check]:
    """Mark a function as the check of the promise that `sentence` states."""

    def mark(check: Check) -> Check:
        chapter = check.__module__.rpartition(".")[2]
        setattr(check, MARK, Rule(chapter, sentence, check, when))
        return check

    return mark


def rules_of(chapters: Iterable[ModuleType]) -> list[Rule]:
    """The rules that these modules define, in the order in which they are written."""
    return [
        value.__conformance_rule__ for module in chapters for value in vars(module).values() if hasattr(value, MARK)
    ]


def judge(rule: Rule, platform: Platform, seconds: float = SECONDS) -> Outcome:
    """Run one rule against the platform, and leave no job of it behind."""
    started = time.monotonic()
    client = Client(platform, deadline=started + seconds)
    verdict: Literal["pass", "FAIL", "skip"] = "pass"
    reason = ""
    try:
        rule.check(client)
    except Skipped as skipped:
        verdict, reason = "skip", str(skipped)
    except AssertionError as broken:
        verdict, reason = "FAIL", str(broken) or "an assertion without words failed"
    except Exception as error:  # a broken connection is a verdict on the platform, not the end of the run
        verdict, reason = "FAIL", f"{type(error).__name__}: {error}"
    finally:
        client.clean_up()
    return Outcome(rule, verdict, reason, time.monotonic() - started)


def run(rules: list[Rule], platform: Platform, jobs: int = 8) -> Iterator[Outcome]:
    """Judge every rule and give the outcomes in the rules' order, as soon as that order allows."""
    for when in ("together", "alone", "last"):
        chosen = [rule for rule in rules if rule.when == when]
        with ThreadPoolExecutor(max_workers=jobs if when == "together" else 1) as pool:
            futures: list[Future[Outcome]] = [pool.submit(judge, rule, platform) for rule in chosen]
            for future in futures:
                yield future.result()
