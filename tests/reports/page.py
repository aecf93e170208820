"""A page as its reader's browser takes it: elements, attributes and text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

BLOCKS = frozenset({"p", "h1", "h2", "h3", "li", "tr", "summary", "dl", "section", "figcaption", "article", "title"})
CELLS = frozenset({"td", "th", "dt", "dd", "span", "a"})


class Page(HTMLParser):
    """The parsed page. `tags` are its elements with the names of their attributes, in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.styles: list[str] = []
        self.policy = ""
        self._told: list[str] = []
        self._inside: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        named = dict(attrs)
        if named.get("http-equiv") == "Content-Security-Policy":
            self.policy = named["content"] or ""
        if tag not in {"meta", "br", "use", "path", "rect"}:
            self._inside.append(tag)
        self._told.append("\n" if tag in BLOCKS else " " if tag in CELLS else "")

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()
        self._told.append("\n" if tag in BLOCKS else " " if tag in CELLS else "")

    def handle_data(self, data: str) -> None:
        if "style" in self._inside:
            self.styles.append(data)
        else:
            self._told.append(data)

    @property
    def text(self) -> str:
        """What is read on the page, a block a line."""
        lines = (re.sub(" +", " ", line).strip() for line in "".join(self._told).splitlines())
        return "\n".join(line for line in lines if line) + "\n"
