"""Template filters for colours: a brand's colour as data, and colours that stay readable on it or next to it.

Contrast is WCAG 2.2's ratio of relative luminances: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from colorsys import hls_to_rgb, rgb_to_hls
from typing import Any

from jinja2 import Undefined

from sesmail_layer.domain.template.formatting import FormatError

# WCAG 2.2, 1.4.3: text of normal size.
READABLE = 4.5
_HEX = re.compile(r"#(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})")
_STEPS = 20

Rgb = tuple[int, int, int]
BLACK: Rgb = (0, 0, 0)
WHITE: Rgb = (255, 255, 255)


def color(value: Any, default: Any) -> str:
    """`{{ brandColor | color('#2f4bd8') }}`: the colour as #rrggbb, or the default where the value is none.

    Nothing else than a colour comes out, so the result is safe in a style attribute. Raises FormatError.
    """
    return _written(_parsed(value) or _required("color", default))


def contrast_color(value: Any) -> str:
    """`{{ '#ffd400' | contrast_color }}`: #000000 or #ffffff, whichever is easier to read on that colour."""
    return _written(_farther_end(_required("contrast_color", value)))


def readable_on(value: Any, background: Any, ratio: float = READABLE) -> str:
    """`{{ '#ffd400' | readable_on('#ffffff') }}`: the colour, darker or lighter until its contrast is the ratio.

    Hue and saturation stay, so a dark blue becomes a bright blue on a dark page, not a grey.
    """
    foreground, ground = _required("readable_on", value), _required("readable_on", background)
    if isinstance(ratio, bool) or not isinstance(ratio, int | float):
        raise FormatError("readable_on: the ratio is a number from 1 to 21, such as 4.5")
    return _written(_readable_on(foreground, ground, ratio))


COLOR_FILTERS: dict[str, Callable[..., Any]] = {
    "color": color,
    "contrast_color": contrast_color,
    "readable_on": readable_on,
}


def contrast(one: Rgb, other: Rgb) -> float:
    """Return the ratio of contrast, from 1 (the same) to 21 (black and white)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


# A brand's emails all ask for the same few, which would take a twentieth of the sender's CPU time.
@functools.lru_cache(maxsize=256)
def _readable_on(foreground: Rgb, ground: Rgb, ratio: float) -> Rgb:
    end = _farther_end(ground)
    closer = (_with_lightness_near(foreground, end, step / _STEPS) for step in range(_STEPS))
    return next((one for one in closer if contrast(one, ground) >= ratio), end)


def _luminance(rgb: Rgb) -> float:
    red, green, blue = (
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in rgb
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _farther_end(rgb: Rgb) -> Rgb:
    """Return white or black: one of them has a contrast of 4.58 or more with any colour."""
    return max((WHITE, BLACK), key=lambda end: contrast(end, rgb))


def _with_lightness_near(rgb: Rgb, end: Rgb, share: float) -> Rgb:
    """Return the colour with its HSL lightness moved towards black or white; a share of 0 changes nothing."""
    if share == 0:
        return rgb
    hue, lightness, saturation = rgb_to_hls(*(part / 255 for part in rgb))
    lightness += (end[0] / 255 - lightness) * share
    red, green, blue = (round(part * 255) for part in hls_to_rgb(hue, lightness, saturation))
    return red, green, blue


def _parsed(value: Any) -> Rgb | None:
    """Parse `#rgb` or `#rrggbb`. Raises UndefinedError."""
    text = str(value) if isinstance(value, str | Undefined) else ""
    if not _HEX.fullmatch(text):
        return None
    digits = text[1:] if len(text) == 7 else "".join(digit * 2 for digit in text[1:])
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def _required(name: str, value: Any) -> Rgb:
    """Parse a colour. Raises FormatError, which does not quote the value."""
    parsed = _parsed(value)
    if parsed is None:
        raise FormatError(f"{name}: a colour is written as #rrggbb, such as #2f4bd8")
    return parsed


def _written(rgb: Rgb) -> str:
    return "#{:02x}{:02x}{:02x}".format(*rgb)
