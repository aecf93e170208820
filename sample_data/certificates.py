"""A certificate for the loopback, made at run time, and the two ends of TLS that use it."""

from __future__ import annotations

import ssl
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from clock import START
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

VALID = timedelta(days=3650)


def encrypted(keys: Path, version: ssl.TLSVersion) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The contexts of server and client; the client appends the secrets of its sessions to a file (SSLKEYLOGFILE)."""
    keys.unlink(missing_ok=True)
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _signed(key).public_bytes(Encoding.PEM)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with TemporaryDirectory() as folder:
        chain = Path(folder, "server.pem")
        chain.write_bytes(private + certificate)
        server.load_cert_chain(chain)
    client.load_verify_locations(cadata=certificate.decode())
    client.minimum_version = client.maximum_version = version
    client.keylog_filename = str(keys)
    return server, client


def _signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(START - VALID).not_valid_after(START + VALID)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    return builder.sign(key, hashes.SHA256())
