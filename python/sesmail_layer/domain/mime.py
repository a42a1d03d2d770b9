"""MIME parts as they go out (RFC 2045, 2046, 2387): 7-bit lines, whatever is in them.

Written by hand, since building a tree of Python's `email` package for every message costs more CPU than all else that
the sender does between its AWS calls; the package still writes attachments, whose names have rules of their own.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

EOL = "\r\n"


def text_part(subtype: str, text: str) -> bytes:
    """A text in UTF-8: quoted-printable while most of it stays readable, base64 for scripts that it would swell."""
    content = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace")
    # A character beyond ASCII has two bytes or more.
    beyond_ascii = len(content) - len(content.translate(None, _BEYOND_ASCII))
    if beyond_ascii * 2 > len(content):
        encoding, body = "base64", base64.encodebytes(content.replace(b"\n", b"\r\n"))
    else:
        encoding, body = "quoted-printable", binascii.b2a_qp(content)
        body += b"" if body.endswith(b"\n") else b"\n"
    head = f'Content-Type: text/{subtype}; charset="utf-8"{EOL}Content-Transfer-Encoding: {encoding}{EOL}{EOL}'
    return head.encode() + body.replace(b"\n", b"\r\n")


_BEYOND_ASCII = bytes(range(0x80, 0x100))


def file_part(content: bytes, content_type: str, filename: str, content_id: str | None) -> bytes:
    """A file in base64; with an id an inline image, else an attachment."""
    # Here, since most messages have none, and these imports are a good part of a cold start.
    from email.message import MIMEPart
    from email.policy import SMTP

    maintype, _, subtype = content_type.partition("/")
    part = MIMEPart(policy=SMTP)
    part.set_content(
        content,
        maintype=maintype,
        subtype=subtype,
        cid=f"<{content_id}>" if content_id else None,
        disposition="inline" if content_id else "attachment",
        filename=filename,
    )
    return part.as_bytes()


def multipart(subtype: str, unique: str, parts: Sequence[bytes]) -> bytes:
    """Parts as one. The boundary cannot occur in any of them: neither encoding ever writes `=_`."""
    boundary = f"=_{unique}_{subtype}"
    head = f'Content-Type: multipart/{subtype};{EOL} boundary="{boundary}"{EOL}{EOL}'
    between = f"--{boundary}{EOL}".encode()
    end = f"--{boundary}--{EOL}".encode()
    return head.encode() + b"".join(between + part + EOL.encode() for part in parts) + end
