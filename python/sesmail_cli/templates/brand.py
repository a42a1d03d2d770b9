"""`brand.json` in a folder of templates: the brand that Terraform's variable `brand` gives to the engine."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

BRAND_FILE = "brand.json"
_MAX_BYTES = 10_000
# A sample's sender is the example company, too.
_SENDER = ("senderDisplayName", "senderEmail")

_Color = Annotated[str, msgspec.Meta(pattern="^#(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})$")]
_Url = Annotated[str, msgspec.Meta(pattern=r'^https://[^\s"<>]+$')]
_Address = Annotated[str, msgspec.Meta(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
_Line = Annotated[str, msgspec.Meta(pattern=r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$")]


class Brand(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    """The brand's template variables, as Terraform's variable `brand` takes them."""

    brand_color: _Color | None = None
    brand_text_color: _Color | None = None
    logo_url: _Url | None = None
    logo_dark_url: _Url | None = None
    company_name: _Line | None = None
    company_address: Annotated[str, msgspec.Meta(pattern=r"\S")] | None = None
    support_email: _Address | None = None
    company_url: _Url | None = None


class BrandError(ValueError):
    """A brand file cannot be used; the message names the field."""


def with_brand(sample: Mapping[str, Any], brand: Mapping[str, str], required: Collection[str]) -> dict[str, Any]:
    """Return a sample's data with the brand in place of the sample's own, which is an example.

    What the brand does not set is left out unless the template requires it: no example logo next to your name.
    """
    if not brand:
        return dict(sample)
    own = {*Brand.__struct_encode_fields__, *_SENDER}.difference(required)
    kept = {name: value for name, value in sample.items() if name not in own or name in brand}
    return kept | {name: value for name, value in brand.items() if name in kept}


def load_brand(folder: Path) -> dict[str, str]:
    """Return the variables of the folder's brand.json; none without one. Raises BrandError."""
    path = folder / BRAND_FILE
    if not path.is_file():
        return {}
    if not path.resolve().is_relative_to(folder.resolve()) or path.stat().st_size > _MAX_BYTES:
        raise BrandError(f"it is larger than {_MAX_BYTES} bytes, or a link to a file outside of the folder")
    return parse_brand(path.read_bytes())


def parse_brand(content: bytes | str) -> dict[str, str]:
    """Return the variables of a brand by name. Raises BrandError."""
    try:
        brand = msgspec.json.decode(content, type=Brand)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise BrandError(f"{err}. Allowed: {', '.join(Brand.__struct_encode_fields__)}") from err
    variables: dict[str, str] = msgspec.to_builtins(brand)
    return variables
