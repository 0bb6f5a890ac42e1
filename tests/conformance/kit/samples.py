"""Files to submit, made by hand so that the kit needs no picture library."""

import struct
import uuid
import zlib
from collections.abc import Sequence

CSV = b"name,age\nann,31\nbob,\ncara,40\n"
Part = tuple[str, str | None, str | None, bytes]
"""Field name, file name, media type, content."""


def picture(width: int = 64, height: int = 48) -> bytes:
    """A PNG with a plain colour gradient."""
    rows = b"".join(
        b"\0" + bytes((x * 255 // width, y * 255 // height, 128)[c] for x in range(width) for c in range(3))
        for y in range(height)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def broken_picture() -> bytes:
    """A PNG whose second half never arrived."""
    whole = picture()
    return whole[: len(whole) // 2]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def multipart(parts: Sequence[Part], boundary: str = "") -> tuple[str, bytes]:
    """The Content-Type and body of a multipart/form-data request (RFC 7578)."""
    mark = boundary or uuid.uuid4().hex
    body = b""
    for name, file_name, media_type, content in parts:
        line = f'Content-Disposition: form-data; name="{name}"'
        line += f'; filename="{file_name}"' if file_name is not None else ""
        line += f"\r\nContent-Type: {media_type}" if media_type else ""
        body += f"--{mark}\r\n{line}\r\n\r\n".encode() + content + b"\r\n"
    return f"multipart/form-data; boundary={mark}", body + f"--{mark}--\r\n".encode()
