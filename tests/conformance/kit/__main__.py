"""The command: `python -m tests.conformance.kit --base-url URL`. Exit status 0 when every rule holds."""

import argparse
import sys
import textwrap
import time
from collections import Counter

from tests.conformance.kit.found import find_platform
from tests.conformance.kit.rules import Outcome, Rule, run
from tests.conformance.kit.table_of_contents import all_rules
from tests.conformance.kit.target import Platform

INDENT = " " * 6


def main(arguments: list[str] | None = None) -> int:
    """Run the kit as the command line says, and print what each rule came to."""
    options = _parser().parse_args(arguments)
    rules = _chosen(all_rules(), options.only)
    if options.list or not rules:
        for each in rules:
            print(f"{each.chapter:12}  {each.sentence}")
        return 0 if rules else _complain(f"no rule is named {', '.join(options.only)}")
    try:
        platform = find_platform(options.base_url, options.status_url, options.api_key)
    except (AssertionError, OSError) as error:
        return _complain(f"{options.base_url} can't be tested: {error}")
    return _report(rules, platform, options.jobs)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/conformance", description="Test a running platform against the HTTP contract."
    )
    parser.add_argument("--base-url", default="http://127.0.0.1:8000", help="the gateway (default: %(default)s)")
    parser.add_argument(
        "--status-url", default="", help="the status service (default: where the gateway's Location points)"
    )
    parser.add_argument("--api-key", default="", help="an API key, if the platform has them configured")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="CHAPTER",
        help="a chapter, or one rule as chapter.name; may be repeated",
    )
    parser.add_argument("--jobs", type=int, default=8, help="how many rules run at once (default: %(default)s)")
    parser.add_argument("--list", action="store_true", help="print the rules and run none")
    return parser


def _chosen(rules: list[Rule], only: list[str]) -> list[Rule]:
    names = {name for group in only for name in group.split(",")}
    return [each for each in rules if not names or {each.chapter, each.name} & names]


def _report(rules: list[Rule], platform: Platform, jobs: int) -> int:
    print(f"gateway {platform.gateway}, status {platform.status}, {len(rules)} rules")
    started, chapter = time.monotonic(), ""
    verdicts: Counter[str] = Counter()
    for outcome in run(rules, platform, max(jobs, 1)):
        if outcome.rule.chapter != chapter:
            chapter = outcome.rule.chapter
            print(f"\n{chapter}")
        _print(outcome)
        verdicts[outcome.verdict] += 1
    took = time.monotonic() - started
    counts = f"{verdicts['pass']} passed, {verdicts['FAIL']} failed, {verdicts['skip']} skipped"
    print(f"\n{len(rules)} rules: {counts}, in {took:.0f} s")
    return 1 if verdicts["FAIL"] else 0


def _print(outcome: Outcome) -> None:
    print(f"  {outcome.verdict}  {outcome.rule.sentence}")
    if outcome.reason:
        print(f"{INDENT}  {outcome.rule.name}:")
        reason = "".join(character if character.isprintable() else " " for character in outcome.reason[:1000])
        print(textwrap.fill(reason, 116, initial_indent=INDENT + "  ", subsequent_indent=INDENT + "  "))
    sys.stdout.flush()


def _complain(sentence: str) -> int:
    print(sentence, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
