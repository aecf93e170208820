"""Makes archives for tests."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import zipfile
from typing import TYPE_CHECKING

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "zst": lambda data: zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1}),
    "xz": lzma.compress,
    "bz2": bz2.compress,
}
METHODS = {"stored": zipfile.ZIP_STORED, "deflated": zipfile.ZIP_DEFLATED, "bzip2": zipfile.ZIP_BZIP2}


def zipped(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return made.getvalue()


def encrypted(archive: bytes) -> bytes:
    """An archive of one member that claims to be encrypted, in its header and in the directory."""
    made = bytearray(archive)
    made[6] |= 1
    made[archive.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(made)
