"""What the theme's HTML lacks for screen readers and keyboards; axe names each rule, tests/browser runs them."""

from __future__ import annotations

import re

_CHANGES = (
    # aria-required-attr: a heading without a level.
    ('role="heading">', 'role="heading" aria-level="2">'),
    # landmark-unique: two landmarks of one kind need names.
    ('<aside class="sidebar-drawer">', '<aside class="sidebar-drawer" aria-label="Pages">'),
    ('<aside class="toc-drawer', '<aside aria-label="On this page" class="toc-drawer'),
    # scrollable-region-focusable: wide code and tables scroll by keys too.
    ("<pre", '<pre tabindex="0"'),
    ('<div class="table-wrapper', '<div tabindex="0" class="table-wrapper'),
)
# empty-table-header: a table without headings, and the corner of one that has them in both directions.
_EMPTY_HEADINGS = re.compile(r"<thead>\s*<tr[^>]*>\s*(<th[^>]*>\s*<p>\s*</p>\s*</th>\s*)+</tr>\s*</thead>")


def accessible(html: str) -> str:
    """Return a page with these changes."""
    for theirs, ours in _CHANGES:
        html = html.replace(theirs, ours)
    return _EMPTY_HEADINGS.sub("", html).replace('<th class="head"><p></p></th>', "<td></td>")
