"""A page as tests look at it: its elements, ids, links, and whether it is well nested."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])


@dataclass
class Page(HTMLParser):
    """Parsed at once; `wrong` says what is not well nested."""

    source: str
    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    text: str = ""
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[str] = []
        self.feed(self.source)
        self.close()
        self.wrong += [f"<{name}> is not closed" for name in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1] != tag:
            self.wrong.append(f"</{tag}> closes {self._open[-1:] or 'nothing'} in line {self.getpos()[0]}")
        elif self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of every element of this kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def ids(self) -> list[str]:
        """All ids, in their order."""
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]

    @property
    def loads(self) -> list[str]:
        """Whatever the browser loads by itself."""
        sources = [attributes["src"] for _, attributes in self.elements if "src" in attributes]
        return sources + [attributes["href"] for attributes in self.all("link")]


def check(page: Page) -> None:
    """What holds for every page: sound, offline, and within its Content-Security-Policy."""
    assert not page.wrong, page.wrong
    assert len(page.ids) == len(set(page.ids)), "an id is given twice"
    assert all(target.startswith("/static/") for target in page.loads), page.loads
    assert all(script.get("src") for script in page.all("script")), "a script stands in the page"
    assert not page.all("style")
    loose = [name for _, attributes in page.elements for name in attributes if name == "style" or name.startswith("on")]
    assert not loose, loose
    here = {link["href"][1:] for link in page.all("a") if link.get("href", "").startswith("#")}
    assert here - {"main"} <= set(page.ids), here - set(page.ids)
    labelled = {label["for"] for label in page.all("label")}
    for kind in ("input", "select", "textarea"):
        assert {one["id"] for one in page.all(kind)} <= labelled, f"an {kind} has no label"
    assert all("alt" in image for image in page.all("img"))
    assert [html["lang"] for html in page.all("html")] == ["en"]
