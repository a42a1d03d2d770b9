"""Rows that this engine did not write: the seed's product, an operator or another version did.

Each is read with what it has. An attribute that cannot be read is left out; what then is missing comes from the
caller. One row never keeps another from being read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from sesmail_layer.aws.dynamodb_items import from_item, plain_value

T = TypeVar("T", bound=msgspec.Struct)


def read_row(item: Mapping[str, Any], kind: type[T], missing: Mapping[str, Any]) -> T:
    """Convert an item to a struct; `missing` are the values of required fields that it may lack. Never raises."""
    try:
        return from_item(item, kind)
    except (msgspec.ValidationError, ValueError, ArithmeticError, TypeError):
        readable: dict[str, Any] = {}
        for field in msgspec.structs.fields(kind):
            if field.encode_name in item:
                _add(readable, field, item[field.encode_name])
        return msgspec.convert({**missing, **readable}, kind)


def _add(readable: dict[str, Any], field: msgspec.structs.FieldInfo, value: Mapping[str, Any]) -> None:
    try:
        plain = plain_value(value)
        msgspec.convert(plain, field.type)
    except (msgspec.ValidationError, ValueError, ArithmeticError, TypeError):
        return
    readable[field.encode_name] = plain
