import pytest

from services.web.accepting import accepts


@pytest.mark.parametrize(
    ("accept", "media_type", "taken"),
    [
        ("", "application/json", True),
        ("*/*", "text/event-stream", True),
        ("application/json", "application/json", True),
        ("APPLICATION/JSON", "application/json", True),
        ("application/problem+json", "application/json", True),
        ("application/*", "application/json", True),
        ("application/*;q=0", "application/json", False),
        ("application/json;q=0, */*", "application/json", False),
        ("application/json;q=0.001", "application/json", True),
        ("text/html, */*;q=0", "application/json", False),
        ("text/html, */*;q=0.1", "application/json", True),
        ("text/html", "application/json", False),
        ("image/*", "image/png", True),
        ("image/webp", "image/png", False),
        ("application/json; charset=utf-8", "application/json", True),
        ("text/event-stream", "text/event-stream", True),
        ("text/event-stream", "application/json", False),
        ("application/json;q=0, application/json;q=1", "application/json", True),
    ],
)
def test_the_most_specific_range_counts(accept: str, media_type: str, taken: bool) -> None:
    assert accepts(accept, media_type) is taken
