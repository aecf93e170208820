"""Whether a certificate is for a host (RFC 9525, which took the place of RFC 6125)."""

from __future__ import annotations

import ipaddress


def host_of(text: str) -> str:
    """The host of a Host header or a server name, without its port.

    >>> host_of("CSMS.example.:443"), host_of("[2001:db8::1]:9000"), host_of("2001:db8::1")
    ('csms.example', '2001:db8::1', '2001:db8::1')
    """
    text = text.strip()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    head, colon, port = text.rpartition(":")
    host = head if colon and port.isdigit() and ":" not in head else text
    return host.lower().removesuffix(".")


def matches(name: str, host: str) -> bool:
    """Whether a name in a certificate stands for a host.

    A wildcard is a whole first label, and stands for one label (RFC 9525 6.3); addresses match by value alone.

    >>> matches("*.example.com", "csms.example.com"), matches("*.example.com", "a.csms.example.com")
    (True, False)
    >>> matches("*.0.0.1", "10.0.0.1"), matches("2001:DB8:0::1", "2001:db8::1")
    (False, True)
    """
    address, own = _address(host), _address(name)
    if address is not None or own is not None:
        return address == own
    name, host = _ascii(name), _ascii(host)
    first, _, rest = name.partition(".")
    if first == "*" and rest:
        label, _, domain = host.partition(".")
        return bool(label) and domain == rest
    return name == host


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _ascii(name: str) -> str:
    """A host name as the DNS knows it: in lower case, letters beyond ASCII encoded (RFC 5890)."""
    name = name.lower().removesuffix(".")
    try:
        return name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        return name
