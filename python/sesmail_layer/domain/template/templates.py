"""Compile a template's files, and render them for one email.

Body, subject, sender and Reply-To are Jinja2. An undefined name is an error, except where the template declares the
variable optional: an absent one is false, prints nothing and is replaced by `default`.
"""

from __future__ import annotations

import functools
import traceback
from collections.abc import Mapping
from io import StringIO
from types import MappingProxyType
from typing import Annotated, Any

import jinja2
import msgspec
from jinja2.exceptions import SecurityError

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.request.addresses import AddressError, masked, parse_address
from sesmail_layer.domain.template.bounds import MAX_OUTPUT, metered
from sesmail_layer.domain.template.files import MAX_FILE_BYTES, MISSING_FILE_CODES, locale_candidates
from sesmail_layer.domain.template.formatting import DEFAULT_LOCALE, FormatError
from sesmail_layer.domain.template.sandbox import BoundedEnvironment

# Zero-width joiners are not printable, but emoji sequences, Persian and Hindi need them.
_JOINERS = "\u200c\u200d"
MAX_LINE = 998
# The name of the code that Jinja2 makes of a template that is no file.
_COMPILED_FILE = "<template>"
_NO_DEFAULTS: Mapping[str, Any] = MappingProxyType({})


class TemplateMetadata(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """`metadata.json` of a template."""

    subject: str | None = None
    sender_name: str | None = None
    sender_email: str | None = None
    reply_to: str | None = None
    required_variables: list[str] = []
    optional_variables: list[str] = []
    description: str = ""
    version: Annotated[str, msgspec.Meta(pattern=r"^\d+\.\d+\.\d+")] = "0.0.0"
    sensitive: bool = False
    auto_submitted: bool = True
    """False: the email passes on what a person wrote; it carries no `Auto-Submitted` header."""


class TemplateError(PermanentError):
    """A template cannot render this email. Its messages are interface (spec section 11)."""

    def __init__(self, error_type: str, message: str, *, code: str, part: str = "", line: int = 0) -> None:
        super().__init__(error_type, message, code=code)
        self.part = part
        """`html`, `text`, or one of `Template.lines`; empty: none of them alone."""
        self.line = line
        """Of the part's source; 0: not known."""


class Rendered(msgspec.Struct, frozen=True):
    """The parts of one rendered email."""

    subject: str
    html: str
    text: str
    sender_name: str
    """Empty: the template names no sender."""
    sender_email: str
    reply_to: str
    auto_submitted: bool = True


class Part(msgspec.Struct, frozen=True):
    """A compiled body or line, with its source: errors quote names that are in it."""

    name: str
    template: jinja2.Template
    source: str


class Template(msgspec.Struct, frozen=True):
    """A compiled template, used for many emails."""

    name: str
    metadata: TemplateMetadata
    html: Part
    text: Part
    lines: Mapping[str, Part]
    """The one-line parts of the metadata: subject, sender_name, sender_email, reply_to."""
    locale: str = DEFAULT_LOCALE
    """The default of `locale` in the data; the filters of formatting.py follow it."""

    def render(
        self, data: Mapping[str, Any], subject: str | None, defaults: Mapping[str, Any] = _NO_DEFAULTS
    ) -> Rendered:
        """Render every part; `subject` is the request's, if it has one. Raises TemplateError and VAL004.

        `defaults` (the brand, the year) replace what the data lack or have as null.
        """
        data = {**data, **{name: value for name, value in defaults.items() if data.get(name) is None}}
        missing = [name for name in self.metadata.required_variables if data.get(name) is None]
        if missing:
            raise _render_error(self.name, f"Missing required variables: {missing}", "TMPL006")
        context = {"locale": self.locale, **data}
        for name in self.metadata.optional_variables:
            if context.get(name) is None:
                context[name] = jinja2.ChainableUndefined(name=name)
        subject = subject if subject and not subject.isspace() else self._line("subject", context)
        if not subject:
            raise PermanentError(
                "validation_error", "Validation error: No subject provided in event or template", code="VAL004"
            )
        context["subject"] = subject
        return Rendered(
            subject=subject,
            html=_rendered(self.name, self.html, context),
            text=_rendered(self.name, self.text, context),
            sender_name=self._line("sender_name", context),
            sender_email=self._address_line("sender_email", context),
            reply_to=self._address_line("reply_to", context),
            auto_submitted=self.metadata.auto_submitted,
        )

    def _line(self, part: str, context: Mapping[str, Any]) -> str:
        """Render one line for a header. White space of any kind, line breaks included, folds to single spaces."""
        if part not in self.lines:
            return ""
        line = " ".join(_rendered(self.name, self.lines[part], context).split())
        line = "".join(character for character in line if character.isprintable() or character in _JOINERS)
        if len(line) > MAX_LINE:
            what = f"{part} is {len(line)} characters long, at most {MAX_LINE} are allowed"
            raise _render_error(self.name, what, "TMPL011", part=part)
        return line

    def _address_line(self, part: str, context: Mapping[str, Any]) -> str:
        line = self._line(part, context)
        try:
            return parse_address(line) if line else ""
        except AddressError as err:
            what = f"{part} is not an email address: '{masked(line)}'"
            raise _render_error(self.name, what, "TMPL011", part=part) from err


def missing_file_error(name: str, file: str) -> TemplateError:
    return TemplateError("template_not_found", f"Template '{name}' missing {file}", code=MISSING_FILE_CODES[file])


def large_file_error(name: str, size: int) -> TemplateError:
    message = f"Template '{name}' file too large: {size} bytes (max {MAX_FILE_BYTES} bytes)"
    return TemplateError("template_render_error", message, code="TMPL008")


def compile_template(name: str, html: bytes, text: bytes, metadata: bytes, locale: str | None = None) -> Template:
    """Compile the files of a template for a locale. Raises TemplateError: TMPL005, TMPL008, TMPL009, TMPL010."""
    for content in (html, text, metadata):
        if len(content) > MAX_FILE_BYTES:
            raise large_file_error(name, len(content))
    parsed = _metadata(name, metadata, locale)
    lines = {
        part: source
        for part in ("subject", "sender_name", "sender_email", "reply_to")
        if (source := getattr(parsed, part))
    }
    return Template(
        name=name,
        metadata=parsed,
        html=_compiled(name, "html", _decoded(name, "html", html), autoescape=True),
        text=_compiled(name, "text", _decoded(name, "text", text), autoescape=False),
        lines={part: _compiled(name, part, source, autoescape=False) for part, source in lines.items()},
        locale=locale or DEFAULT_LOCALE,
    )


def _metadata(name: str, content: bytes, locale: str | None) -> TemplateMetadata:
    try:
        raw = msgspec.json.decode(content, type=dict[str, Any])
        localised = [raw[key] for tag in locale_candidates(locale) if (key := f"subject.{tag}") in raw]
        return msgspec.convert({**raw, "subject": localised[0]} if localised else raw, TemplateMetadata)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise TemplateError(
            "template_render_error", f"Template '{name}' has invalid metadata.json: {err}", code="TMPL005"
        ) from err


def _decoded(name: str, part: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise _render_error(name, "Syntax error: a file is not UTF-8", "TMPL009", part=part) from err


@functools.cache
def _environment(autoescape: bool) -> BoundedEnvironment:
    return BoundedEnvironment(autoescape=autoescape)


def _compiled(name: str, part: str, source: str, *, autoescape: bool) -> Part:
    error = functools.partial(_render_error, name, part=part)
    try:
        return Part(part, _environment(autoescape).from_string(source), source)
    except jinja2.TemplateSyntaxError as err:
        raise error(f"Syntax error: {err.message} (line {err.lineno})", "TMPL009", line=err.lineno) from err
    except SecurityError as err:
        raise error(str(err), "TMPL010") from err
    except RecursionError as err:
        raise error("Syntax error: nested too deeply", "TMPL009") from err
    except (SyntaxError, ValueError, OverflowError, MemoryError) as err:
        # Jinja2 accepts it, Python does not: blocks nested over 20 deep, an argument given twice, 5,000 digits.
        raise error(f"Syntax error: {getattr(err, 'msg', None) or err}", "TMPL009") from err


def _rendered(name: str, part: Part, context: Mapping[str, Any]) -> str:
    result = _result(part, context)
    if isinstance(result, str):
        return result
    # Raised here, not where it happened: a traceback would keep whatever the template had built.
    what, code, line = result
    raise _render_error(name, what, code, part=part.name, line=line)


def _result(part: Part, context: Mapping[str, Any]) -> str | tuple[str, str, int]:
    """Render a part; or return what is wrong, its code and its line."""
    output = StringIO()
    try:
        with metered(part.source):
            for piece in part.template.generate(context):
                output.write(piece)
                if output.tell() > MAX_OUTPUT:
                    return f"the result is over {MAX_OUTPUT} characters", "TMPL010", 0
        result = output.getvalue()
        result.encode()  # Half a surrogate pair ('\ud83d' in a template) is a ValueError here, and not in the message.
        return result
    except Exception as err:  # Whatever fails in a template's expressions is the template's failure.
        return *_failure(err), _line_of(err, part.template)


def _failure(err: Exception) -> tuple[str, str]:
    """Return what went wrong, and its code.

    Python's messages may quote the data, and so may those of Jinja2's filters: only the type of such an error is given.
    """
    kind = type(err).__name__
    if isinstance(err, jinja2.UndefinedError):
        return f"Undefined variable: {err}", "TMPL007"
    if isinstance(err, RecursionError):
        return f"{kind}: nested too deeply, or a macro that calls itself without end", "TMPL010"
    if isinstance(err, FormatError):
        return f"FilterArgumentError: {err}", "TMPL010"
    if isinstance(err, SecurityError) or kind == "TemplateRuntimeError":
        return f"{kind}: {err}", "TMPL010"
    return kind, "TMPL010"


def _line_of(err: Exception, template: jinja2.Template) -> int:
    """Return the innermost line of the template's source that the error came through; 0: none."""
    lines = [line for frame, line in traceback.walk_tb(err.__traceback__) if frame.f_code.co_filename == _COMPILED_FILE]
    return template.get_corresponding_lineno(lines[-1]) if lines else 0


def _render_error(name: str, what: str, code: str, *, part: str = "", line: int = 0) -> TemplateError:
    message = f"Failed to render template '{name}': {what}"
    return TemplateError("template_render_error", message, code=code, part=part, line=line)
