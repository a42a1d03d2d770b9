"""Limits on compiling an untrusted template: time, memory, and the error that names the template."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.template.files import MAX_FILE_BYTES
from sesmail_layer.domain.template.templates import compile_template
from sesmail_layer.runtime.time_limit import time_limit
from sesmail_layer.usecases.sender.prepare import COMPILE_SECONDS
from tests.unit.domain.template import measured_rendering

ABOUT = b'{"subject": "s"}'
MOST_MEMORY = 240 * 1024 * 1024
ROW = "<tr><td>{{ item.name }}</td><td>{{ item.size|default('-') }}</td></tr>"


pytestmark = pytest.mark.usefixtures("no_garbage_collection_calls_back")


def compiled(html: str, seconds: float = COMPILE_SECONDS) -> None:
    """Compile as the sender does, under its time limit."""
    with time_limit(seconds):
        compile_template("t", html.encode(), b"t", ABOUT)


def many(pattern: str, before: str = "", after: str = "") -> str:
    """Repeat a pattern up to the size limit of a file; `#` is the number of the repetition."""

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
TOO_LONG = {
    "variables": many("{{x}}"),
    "a list": many("x,", "{{[", "]}}"),
    "a comparison": many("<x", "{{x", "}}"),
    "a sum": many("+x", "{{x", "}}"),
    "a dict": many("1:x,", "{{{", "}}}"),
    "macros": many("{%macro a#()%}{%endmacro%}"),
    "conditions": many("{%if x%}{{x}}{%endif%}"),
    "deep conditions": many("{%if x%}" * 90 + "{%endif%}" * 90),
}
TOO_SLOW = {
    "assignments under conditions": many("{%if x%}{%set a#=1%}{%endif%}"),
    "includes that each see every variable": many("{%include 'x'%}", HALF),
    "branches that each see every variable": many("{%if x%}{%set b=1%}{%endif%}", HALF),
}


# The templates that need most memory, just short enough to compile.
LARGE = {
    "table rows": ROW * (MAX_FILE_BYTES // len(ROW)),
    "conditions": many("{%if x%}{%endif%}"),
    "a comparison": "{{x" + "<x" * 22_000 + "}}",
    "a list": "{{[" + "x," * 22_000 + "]}}",
}


def compile_error(source: str, seconds: float) -> PermanentError:
    assert len(source) <= MAX_FILE_BYTES
    began = time.monotonic()
    with pytest.raises(PermanentError) as caught:
        compiled(source, seconds)
    assert time.monotonic() - began < seconds + 2
    assert caught.value.error_type == "template_render_error"
    assert caught.value.message.startswith("Failed to render template")
    return caught.value


@pytest.mark.parametrize("source", TOO_LONG.values(), ids=TOO_LONG)
def test_a_template_with_too_much_code_is_rejected(source: str) -> None:
    assert compile_error(source, seconds=60).code in ("TMPL009", "TMPL010")


@pytest.mark.parametrize("source", TOO_SLOW.values(), ids=TOO_SLOW)
def test_a_template_that_compiles_too_slowly_is_rejected(source: str) -> None:
    assert compile_error(source, seconds=0.5).code == "TMPL012"


@pytest.mark.parametrize("source", LARGE.values(), ids=LARGE)
def test_the_largest_templates_compile_within_time_and_memory(source: str) -> None:
    compiled(source)
    with measured_rendering.process() as pool:
        assert pool.submit(measured_rendering.compiling, source).result() < MOST_MEMORY


def test_a_template_of_the_largest_size_compiles() -> None:
    row = ROW.replace("<td>", "<td style=\"font-family: 'Arial'\">", 1).replace("</td>", "</td>\n") + "\n"
    compiled(('<p>Nothing but "text", it\'s long.</p>\n' * 4096) + row * 600)
    compiled("ü\n" * (MAX_FILE_BYTES // 3))
