import pytest

from services.jobs.ids import is_id, new_id


def test_new_ids_are_ids_and_never_the_same() -> None:
    ids = {new_id() for _ in range(1000)}
    assert len(ids) == 1000
    assert all(is_id(name) for name in ids)


def test_an_id_has_room_for_128_random_bits() -> None:
    assert len(new_id()) * 5 >= 128


@pytest.mark.parametrize("text", ["", "a" * 25, "a" * 27, "A" * 26, "1" * 26, "a" * 26 + "\n", "../" + "a" * 23, "é" * 26])
def test_what_could_not_be_an_id_is_not_taken_for_one(text: str) -> None:
    assert not is_id(text)
