"""Strings that a stranger may put into a capture, and what none of them may do to a report."""

from __future__ import annotations

import unicodedata

STRINGS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</style></title></svg><b>",
    "{{ 7 * 7 }}{% raw %}",
    "\" onmouseover='x' a=\"",
    "javascript:alert(1)",
    "&lt;&#x3c;&amp",
    "[bold red]CP[/] [link=https://example.org]x[/link] :boom:",
    "CP\x1b[31m\x1b]0;title\x07\x1b[2J\x9b1m",
    "a\nb\rc\td\x00e\x7f\x85\u2028\u2029",
    "CP\u202egnp.exe\u2066\u200b\ufeff\xad",
    "\ufffe\uffff\U0001ffff",
    "$\\frac{1}{2}$ \\n %s {0}",
    "充电桩 🔌 e\u0301",
    "=cmd|' /C calc'!A0",
    "x" * 5000,
    " ",
)
HARMFUL = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def harmful(text: str) -> set[str]:
    """The characters of a text that move the cursor, turn the writing or cannot be seen; line ends apart."""
    return {letter for letter in text if unicodedata.category(letter) in HARMFUL and letter != "\n"}
