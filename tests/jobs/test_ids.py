import math
import re

import pytest

from services.jobs.ids import is_id, new_id


def test_new_ids_are_ids_and_never_the_same() -> None:
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(is_id(name) for name in ids)


def test_an_id_has_room_for_128_random_bits() -> None:
    assert len(new_id()) * math.log2(len({char for _ in range(100) for char in new_id()})) >= 128


@pytest.mark.parametrize(
    "change", ["{id}a", "{id}\n", " {id}", "../{id}", "é{short}", "{short}", "{short}/", "{short}-", ""]
)
def test_what_could_not_be_an_id_is_not_taken_for_one(change: str) -> None:
    assert not is_id(change.format(id=new_id(), short=new_id()[1:]))


def test_ids_are_safe_wherever_names_go() -> None:
    assert re.fullmatch("[a-z0-9]+", new_id())
