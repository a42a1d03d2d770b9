"""Find the images that an email would load from elsewhere."""

from __future__ import annotations

import re

# Browsers end a comment that is left open at the end of the text. What only Outlook reads is in comments.
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_ATTRIBUTE = re.compile(r"""(?<![\w-])(srcset|src|background)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"']+))""", re.I)
_ONE = re.compile(r"\s*((?:https?:|//)\S+)", re.IGNORECASE)
# A data URI has commas, and its base64 may have slashes after one.
_OF_SET = re.compile(r"(?:^|\s)(//[^\s,]+)|(?:^|[\s,])(https?:[^\s,]+)", re.IGNORECASE)
_STYLE = re.compile(r"""\burl\(\s*(?:["']|&quot;|&#3[49];|&apos;)?\s*((?:https?:|//)[^\s"')&]+)""", re.IGNORECASE)


def remote_images(html: str) -> frozenset[str]:
    """Return the addresses of images in attributes and styles that are not part of the email."""
    shown = _COMMENT.sub("", html)
    found = set(_STYLE.findall(shown))
    for name, *values in _ATTRIBUTE.findall(shown):
        value = "".join(values)
        if name.lower() == "srcset":
            found |= {relative or absolute for relative, absolute in _OF_SET.findall(value)}
        elif one := _ONE.match(value):
            found.add(one[1])
    return frozenset(found)
