"""Tags that are not closed, and closing tags of nothing: the rest of the email then looks like the tag's content."""

from __future__ import annotations

from html.parser import HTMLParser

from sesmail_cli.templates.lint.findings import Reporter
from sesmail_cli.templates.lint.markup import without_jinja

# They have no end.
_VOID = set("area base br col embed hr img input link meta source track wbr".split())
# HTML closes them by itself, without harm.
_OPTIONAL = set("html head body p li dt dd tr td th thead tbody tfoot colgroup caption option optgroup".split())


def report_unclosed(text: str, report: Reporter) -> None:
    """Report tags that do not match, where the first branch of each condition is taken."""
    reader = _Reader(report)
    reader.feed(without_jinja(text, one_branch=True))
    reader.close()
    reader.end()


class _Reader(HTMLParser):
    def __init__(self, report: Reporter) -> None:
        super().__init__(convert_charrefs=True)
        self._report = report
        self._open: list[tuple[str, int]] = []
        self._unclosed: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag not in _VOID | _OPTIONAL:
            self._open.append((tag, self.getpos()[0]))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """`<br />`, or an element of SVG or VML."""

    def handle_endtag(self, tag: str) -> None:
        if tag in _VOID | _OPTIONAL:
            return
        if tag in (name for name, _ in self._open):
            while (opened := self._open.pop())[0] != tag:
                self._report_open(*opened)
        elif tag in self._unclosed:
            self._unclosed.remove(tag)
        else:
            line = self.getpos()[0]
            self._report.warning("unclosed-tag", f"</{tag}> closes no tag", line=line, word=f"</{tag}")

    def end(self) -> None:
        for opened in self._open:
            self._report_open(*opened)

    def _report_open(self, tag: str, line: int) -> None:
        self._unclosed.append(tag)
        message = f"<{tag}> is not closed: mail clients take what follows for its content"
        self._report.warning("unclosed-tag", message, line=line, word=f"<{tag}")
