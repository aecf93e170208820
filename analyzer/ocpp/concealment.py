"""Secrets in messages, replaced by pseudonyms before anything else sees them.

It works on text, not on decoded JSON: a message that cannot be decoded must not give its secrets away either.
"""

from __future__ import annotations

import re

from analyzer.ocpp.payloads import decode
from analyzer.ocpp.pseudonyms import pseudonym, pseudonymous_number

_TOKENS = r"\w{0,40}(?:id_?tag|token)|idTagInfoId|iccid|imsi|e_?maid"
_PASSWORDS = (
    r"[\w.]{0,40}(?:passw(?:or)?d|passphrase|authorizationkey|secret|credentials?|api_?key|private_?key|psk|apnusername"
    r"|cardpin|simpin|pincode|authentication)"
)
"""Names of members and of settings; those of vendors end in the same words."""
_HINTS = (
    "idtag", "id_tag", "token", "iccid", "imsi", "maid", "passw", "passphrase", "ationkey", "secret", "credential",
    "apikey", "api_key", "privatekey", "private_key", "psk", "apnusername", "cardpin", "simpin", "pincode",
    "authentication", "authorization", "bearer", "@", "pw=", "pwd=", "auth=", "sig=", "key=",
)  # fmt: skip
"""What a text with a secret holds, in lower case; looking for these is far cheaper than looking for the secret."""
_LITERALS = frozenset({"null", "true", "false", "None", "True", "False"})
"""What JSON and Python write without quotes and is no secret."""


LONGEST_SHAPE, MAX_SHAPES = 2048, 8192
"""Bytes of a text without its digits, and how many of such are remembered as harmless."""
_harmless: set[bytes] = set()


def _member(names: str) -> re.Pattern[str]:
    """A member by its name, with its value: in quotes of either kind, in escaped quotes, or bare.

    JSON within JSON (DataTransfer) has escaped quotes, Python's dictionaries in logs have single ones.
    """
    return re.compile(
        rf"""(?P<head>(?:(?<!\\)\\*["'])?\b(?:{names})\b(?:\\*["'])?\s*[:=]\s*)"""
        r"""(?:(?P<quote>["'])(?P<plain>(?:(?!(?P=quote))[^\\]|\\.)*)(?P=quote)?"""
        r"""|(?P<escape>\\+["'])(?P<inner>.*?)(?:(?<!\\)(?P=escape)|\Z)"""
        r"""|(?P<bare>[^\s"'\\{}\[\],:=]+))""",
        re.DOTALL | re.IGNORECASE,
    )


_NAMED = _member(f"{_TOKENS}|{_PASSWORDS}")
_VALUE = _member("value|attributeValue")
_PASSWORD_NAME = re.compile(rf"\b(?:{_PASSWORDS})\b", re.IGNORECASE)
_TOKEN = re.compile(
    rf"""(?P<named>"(?P<by>key|name)"\s*:\s*"(?:{_PASSWORDS})")|"(?:[^"\\]|\\.)*"|(?P<brace>[{{}}])""", re.IGNORECASE
)
_HEADER = re.compile(
    r"(\bBearer\s{1,4}|\bAuthorization[\"']?\s{0,4}[:=]\s{0,4}[\"']?\w{1,20}\s{1,4})([^\s\"'\\]{4,})", re.IGNORECASE
)
_QUERY = re.compile(r"([?&](?:pwd?|auth|sig|key)=)([^&\s\"'\\]+)", re.IGNORECASE)
_URL = re.compile(r"(://[^\s:/@\"']{0,200}:)([^\s/@\"']{1,200})(?=@)")


def conceal(text: str) -> str:
    """A message's text with its secrets replaced, whether or not it is valid JSON.

    >>> '"ABC"' in conceal('[2,"1","Authorize",{"idTag":"ABC"}]')
    False
    >>> conceal('[2,"1","Heartbeat",{}]')
    '[2,"1","Heartbeat",{}]'
    """
    if _is_harmless(text):
        return text
    for pattern in (_URL, _QUERY, _HEADER):
        text = pattern.sub(lambda match: match[1] + pseudonym(match[2]), text)
    text = _NAMED.sub(_replace, text)
    return _without_passwords(text) if _PASSWORD_NAME.search(text) else text


def _is_harmless(text: str) -> bool:
    """Whether a text holds nothing that goes with a secret.

    Messages differ in their digits more than in anything else, and no hint has one: what is left without them is looked
    up among what was looked at before.
    """
    shape = text.encode("utf-8", "surrogatepass").translate(None, b"0123456789")
    if shape in _harmless:
        return True
    lower = text.lower()
    if any(hint in lower for hint in _HINTS):
        return False
    if len(shape) <= LONGEST_SHAPE:
        if len(_harmless) >= MAX_SHAPES:
            _harmless.clear()
        _harmless.add(shape)
    return True


def _replace(match: re.Match[str]) -> str:
    head, quote, escape, bare = match["head"], match["quote"], match["escape"], match["bare"]
    if quote:
        return f"{head}{quote}{pseudonym(match['plain'])}{quote}"
    if escape:
        return f"{head}{escape}{pseudonym(match['inner'])}{escape}"
    if bare in _LITERALS:
        return match[0]
    return head + (pseudonymous_number(bare) if bare.lstrip("-").isdigit() else f'"{pseudonym(bare)}"')


def _without_passwords(text: str) -> str:
    """The text without the values of settings that are passwords, which are named in one member and given in another.

    Where the text is no plain JSON, all values go: too much is concealed rather than too little.
    """
    if "\\" in text or decode(text) is None:
        return _VALUE.sub(_replace, text)
    parts, done = [], 0
    for start, end in _settings_of_passwords(text):
        if start >= done:
            parts += [text[done:start], _VALUE.sub(_replace, text[start:end])]
            done = end
    return "".join([*parts, text[done:]])


def _settings_of_passwords(text: str) -> list[tuple[int, int]]:
    """Where the settings of passwords stand in JSON, in order; one may lie within another.

    1.6 names a setting in the object that holds its value (`key`), 2.x in an object within that (`variable`: `name`).
    """
    opened: list[int] = []
    found: set[int] = set()
    spans = []
    for token in _TOKEN.finditer(text):
        if token["brace"] == "{":
            opened.append(token.start())
        elif token["brace"] and opened:
            start = opened.pop()
            spans += [(start, token.end())] if start in found else []
        elif token["named"]:
            found.update(opened[-1:] if token["by"].lower() == "key" else opened[-2:-1])
    return sorted(spans)
