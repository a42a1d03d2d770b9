"""Media types by file name: what the last extension says, on any machine."""

from __future__ import annotations

import pytest

from sesmail_layer.domain.mime_types import UNKNOWN, type_of

OFFICE = "application/vnd.openxmlformats-officedocument"


@pytest.mark.parametrize(
    ("filename", "content_type"),
    [
        ("a.docx", f"{OFFICE}.wordprocessingml.document"),
        ("a.xlsx", f"{OFFICE}.spreadsheetml.sheet"),
        ("a.pptx", f"{OFFICE}.presentationml.presentation"),
        ("invite.ics", "text/calendar"),
        ("a.csv", "text/csv"),
        ("a.csv.gz", "application/gzip"),
        ("a.tar.gz", "application/gzip"),
        ("A.PDF", "application/pdf"),
        ("a.b.png", "image/png"),
        ("a.webp", "image/webp"),
        ("a.heic", "image/heic"),
        ("a.md", "text/markdown"),
        ("a.json", "application/json"),
        ("a.xml", "application/xml"),
        ("a.zip", "application/zip"),
        ("a.eml", UNKNOWN),
        ("a.unknown", UNKNOWN),
        ("pdf", UNKNOWN),
        ("a.", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_a_file_has_the_type_of_its_last_extension(filename: str, content_type: str) -> None:
    assert type_of(filename) == content_type
