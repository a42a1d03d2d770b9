"""Compiling a template that nobody vouches for ends as rendering one does: soon, with little memory, by name."""

from __future__ import annotations

import contextlib
import time
import tracemalloc
from collections.abc import Iterator

import pytest

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.templates import MAX_FILE_BYTES, compile_template
from sesmail_layer.runtime.time_limit import time_limit

ABOUT = b'{"subject": "s"}'
MOST_MEMORY = 120 * 1024 * 1024


pytestmark = pytest.mark.usefixtures("no_garbage_collection_calls_back")


def compiled(html: str, seconds: float = 0.5) -> None:
    """Compiles as the sender does, under its time limit."""
    with time_limit(seconds):
        compile_template("t", html.encode(), b"t", ABOUT)


def many(pattern: str, before: str = "", after: str = "") -> str:
    """As many of a pattern as a file holds; `#` stands for its number."""

    def pieces() -> Iterator[str]:
        left = MAX_FILE_BYTES - len(before) - len(after)
        for number in range(MAX_FILE_BYTES):
            piece = pattern.replace("#", str(number))
            left -= len(piece)
            if left < 0:
                return
            yield piece

    return before + "".join(pieces()) + after


HALF = many("{%set a#=1%}")[: MAX_FILE_BYTES // 2].rpartition("{")[0]
HOSTILE = {
    "variables": many("{{x}}"),
    "a list": many("x,", "{{[", "]}}"),
    "a comparison": many("<x", "{{x", "}}"),
    "a sum": many("+x", "{{x", "}}"),
    "a dict": many("1:x,", "{{{", "}}}"),
    "macros": many("{%macro a#()%}{%endmacro%}"),
    "conditions": many("{%if x%}{%endif%}"),
    "deep conditions": many("{%if x%}" * 90 + "{%endif%}" * 90),
    "assignments under conditions": many("{%if x%}{%set a#=1%}{%endif%}"),
    "includes that each see every variable": many("{%include 'x'%}", HALF),
    "branches that each see every variable": many("{%if x%}{%set b=1%}{%endif%}", HALF),
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_compiling_a_hostile_template_ends_soon_and_by_name(source: str) -> None:
    assert len(source) <= MAX_FILE_BYTES
    began = time.monotonic()
    with pytest.raises(PermanentError) as caught:
        compiled(source)
    assert time.monotonic() - began < 3
    assert caught.value.error_type == "template_render_error"
    assert caught.value.message.startswith("Failed to render template")
    assert caught.value.code in ("TMPL009", "TMPL010", "TMPL012")


def test_compiling_a_hostile_template_takes_little_memory() -> None:
    tracemalloc.start()
    try:
        with contextlib.suppress(PermanentError):
            compiled(HOSTILE["conditions"], seconds=60)
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
    finally:
        tracemalloc.stop()


def test_a_template_that_is_as_long_as_it_may_be_compiles() -> None:
    row = "<tr><td style=\"font-family: 'Arial'\">{{ item.name }}</td>\n<td>{{ item.size|default('-') }}</td></tr>\n"
    compiled(('<p>Nothing but "text", it\'s long.</p>\n' * 4096) + row * 600, seconds=60)
    compiled("ü\n" * (MAX_FILE_BYTES // 3), seconds=60)
