"""The list of mutations is up to date: each one finds the code that it breaks, once."""

from pathlib import Path

import pytest

from tests.conformance.kit.table_of_contents import all_rules
from tests.conformance.mutations import CONTROL, MUTATIONS, Mutation

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_mutation_fits_the_code_and_names_rules_that_there_are(mutation: Mutation) -> None:
    assert (ROOT / mutation.file).read_text().count(mutation.old) == 1
    assert mutation.old != mutation.new
    rules = set(mutation.rules.split())
    assert rules and rules <= {rule.name for rule in all_rules()} - {CONTROL}


def test_no_mutation_is_listed_twice() -> None:
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS) >= 15
