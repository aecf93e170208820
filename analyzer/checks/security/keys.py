"""Certificates with weak keys or signatures, and such as are too big for a small charger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyzer.checks.rows import by_station, evidence, when
from analyzer.checks.security.chains import shown
from analyzer.checks.security.handshakes import NO_CERTIFICATE, unseen
from analyzer.findings import MAX_EVIDENCE, Finding, table
from analyzer.kernels.columns import micros, same
from analyzer.plan import check

if TYPE_CHECKING:
    import pyarrow as pa

    from analyzer.checks.security.chains import Certificate

WEAK_HASHES = frozenset({"md2", "md4", "md5", "sha1"})


@check("SC09", "Key or signature of a certificate weak or too big", severity="warning")
def keys(
    connections: pa.Table,
    certificates: pa.Table,
    *,
    least_rsa: int = 2048,
    least_curve: int = 224,
    most_rsa: int = 2048,
) -> pa.Table:
    """A certificate has a key that is too short, or is signed with a hash that is broken.

    A key of fewer than `least_rsa` bits (RSA, DSA) or `least_curve` bits (elliptic curves), MD5 and SHA-1 are warnings. A
    server's RSA key of more than `most_rsa` bits is told as information where the charger speaks OCPP 1.6.

    Why it matters: a key that is too short can be broken, and then anybody is the CSMS. Libraries refuse such
        certificates with an update. A key that is too big makes the handshake of a small charger slow, or fail.
    Fires on:
        08:00:00 CP1 + ocpp1.6 scheme=wss
        08:00:00.2 CP1 * certificate by csms position=0 subject=CN%3Dcsms.example issuer=CN%3DExample%20CA key=RSA%201024 signature=sha1
    Near miss:
        08:00:00 CP1 + ocpp1.6 scheme=wss
        08:00:00.2 CP1 * certificate by csms position=0 subject=CN%3Dcsms.example issuer=CN%3DExample%20CA key=RSA%202048 signature=sha256
        08:00:00.2 CP1 * certificate by csms position=1 subject=CN%3DExample%20CA issuer=CN%3DExample%20Root key=RSA%204096 signature=sha384
        08:00:00.3 CP1 * certificate by station position=0 subject=CN%3DSN1234 issuer=CN%3DExample%20CA key=EC%20256 signature=sha256
    Confounder:
        # nobody relies on the signature of a root, which is its own; Ed25519 needs no more bits, nor a hash
        08:00:00 CP1 + ocpp2.0.1 scheme=wss
        08:00:00.2 CP1 * certificate by csms position=0 subject=CN%3Dcsms.example issuer=CN%3DExample%20Root key=Ed25519
        08:00:00.2 CP1 * certificate by csms position=1 subject=CN%3DExample%20Root issuer=CN%3DExample%20Root key=RSA%202048 signature=sha1
    Not a fault when: it is the signature of a certificate that signed itself. TLS 1.3 and resumed sessions hide
        certificates: nothing is judged then.
    Likely causes: an old authority, or one that was made by hand; a certificate that was made for browsers.
    What to do: issue a certificate with RSA 2048 or EC 256, signed with SHA-256.
    Source: 2.0.1 A00.FR.501 to 506; security whitepaper A00.FR.501 to 506; OCPP-J 1.6 6.2.1 (RSA, of limited size).
    """
    known, times = shown(certificates, renewed=True), micros(certificates["ts"])
    plain = same(connections["version"], "1.6")
    findings = []
    for station, rows in by_station(connections):
        own = known.get(station, ())
        if not any(each.direction == "down" and each.key for each in own):
            findings.append(unseen(station, connections, rows, NO_CERTIFICATE))
        for each in own:
            kind, bits = _key(each)
            least = least_rsa if kind in {"RSA", "DSA"} else least_curve if kind in {"EC", "ECDSA"} else 0
            faults = [f"has a key of {bits} bits ({kind})"] if 0 < bits < least else []
            if (each.signature or "").lower().replace("-", "") in WEAK_HASHES and not each.own_issuer:
                faults.append(f"is signed with {(each.signature or '').upper()}")
            leaf = each.direction == "down" and not each.position
            big = not faults and leaf and kind == "RSA" and bits > most_rsa and bool(plain[rows].any())
            if big:
                faults = [f"has a key of {bits} bits (RSA), which may be too big for a small charger of OCPP 1.6"]
            if not faults:
                continue
            start, end = when(times, each.rows)
            findings.append(
                Finding(
                    station,
                    f"{each.whose} {' and '.join(faults)}",
                    start=start,
                    end=end,
                    value=float(bits) if bits else None,
                    limit=float(most_rsa if big else least) or None,
                    unit="bits",
                    count=len(each.rows),
                    evidence=evidence(certificates, each.rows[:MAX_EVIDENCE]),
                    severity="info" if big else None,
                    subject=f"{each.direction} {each.subject}",
                )
            )
    return table(findings)


def _key(certificate: Certificate) -> tuple[str, int]:
    """Kind and size of its key; the size is 0 where it is not told."""
    kind, _, bits = (certificate.key or "").partition(" ")
    return kind.upper(), int(bits) if bits.isascii() and bits.isdigit() and len(bits) < 10 else 0
