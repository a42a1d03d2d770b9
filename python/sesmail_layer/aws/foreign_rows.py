"""Rows that this engine did not write: the seed's product, an operator or another version did.

Each is read with what it has. An attribute that cannot be read is left out; what then is missing comes from the
caller. One row never keeps another from being read.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, TypeVar

import msgspec

from sesmail_layer.aws.dynamodb_items import plain_value

T = TypeVar("T", bound=msgspec.Struct)

_UNREADABLE = (msgspec.ValidationError, ValueError, ArithmeticError, TypeError)


def read_row(item: Mapping[str, Any], kind: type[T], missing: Mapping[str, Any]) -> T:
    """Convert an item to a struct; `missing` are the values of required fields that it may lack. Never raises."""
    return read_attributes(plain_attributes(item), kind, missing)


def plain_attributes(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of an item that can be read, as plain values. Never raises."""
    plain: dict[str, Any] = {}
    for name, value in item.items():
        with suppress(*_UNREADABLE):
            plain[name] = plain_value(value)
    return plain


def read_attributes(plain: Mapping[str, Any], kind: type[T], missing: Mapping[str, Any]) -> T:
    """Convert an item's attributes to a struct, as `read_row` does. Never raises."""
    try:
        return msgspec.convert(plain, kind)
    except _UNREADABLE:
        readable: dict[str, Any] = {}
        for field in msgspec.structs.fields(kind):
            if field.encode_name in plain:
                with suppress(*_UNREADABLE):
                    msgspec.convert(plain[field.encode_name], field.type)
                    readable[field.encode_name] = plain[field.encode_name]
        return msgspec.convert({**missing, **readable}, kind)
