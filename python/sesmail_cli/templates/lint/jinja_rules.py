"""Rules about the Jinja2 in a template, from its syntax tree: names, and constructs that leave data unescaped."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import jinja2
from jinja2 import meta, nodes
from jinja2.exceptions import SecurityError

from sesmail_cli.templates.limits import COMPILE_SECONDS, limited
from sesmail_cli.templates.lint.findings import Reporter
from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.template.sandbox import BoundedEnvironment

# The sender adds these names to the data of every body.
PROVIDED = frozenset({"subject", "locale"})
_ENVIRONMENT = BoundedEnvironment(autoescape=True)
_UNCLOSED = re.compile(r"Unexpected end of template\..*innermost block that needs to be closed is '(\w+)'")
_KNOWN = frozenset(_ENVIRONMENT.globals)


def parse(text: str, report: Reporter) -> nodes.Template | None:
    """Return the syntax tree; report why there is none."""
    try:
        with limited(COMPILE_SECONDS):
            # Parsing alone does not find unknown filters and tests.
            _ENVIRONMENT.compile(text)
            return _ENVIRONMENT.parse(text)
    except jinja2.TemplateSyntaxError as err:
        word = next(iter(re.findall(r"'([^']+)'", err.message or "")), "")
        line = err.lineno
        if (match := _UNCLOSED.match(err.message or "")) and (opened := _opened(text, match[1])):
            word, line = match[1], opened
        report.error("TMPL009", f"Syntax error: {err.message}", line=line, word=word)
    except SecurityError as err:
        report.error("TMPL010", str(err))
    except PermanentError as err:
        report.error(err.code, err.message)
    except Exception as err:  # Jinja2 accepts it, Python does not, or it is nested too deeply.
        report.error("TMPL009", f"Syntax error: {getattr(err, 'msg', None) or type(err).__name__}")
    return None


def _opened(text: str, block: str) -> int:
    """Return the line of the last block of that kind that is not closed; 0: unknown."""
    lines: list[int] = []
    if block == "set":  # Most have no end.
        return 0
    before = ""
    for line, kind, value in _ENVIRONMENT.lexer.tokeniter(text, None):
        if before == "block_begin" and value == block:
            lines.append(line)
        elif before == "block_begin" and value == f"end{block}" and lines:
            lines.pop()
        before = before if kind == "whitespace" else kind
    return lines[-1] if lines else 0


def names_used(tree: nodes.Template) -> set[str]:
    """Return the names that the template reads but does not define."""
    return meta.find_undeclared_variables(tree) - _KNOWN


def report_undeclared(tree: nodes.Template, declared: Iterable[str], provided: Iterable[str], report: Reporter) -> None:
    for name in sorted(names_used(tree) - set(declared) - set(provided)):
        line = min((node.lineno for node in tree.find_all(nodes.Name) if node.name == name), default=0)
        hint = ": it is tested, so it belongs to optionalVariables" if _is_optional(tree, name) else ""
        report.error(
            "undeclared-variable",
            f"'{name}' is used, but neither in requiredVariables nor in optionalVariables{hint}",
            line=line,
            word=name,
        )


def report_undeclared_data(data: Mapping[str, object], declared: Iterable[str], report: Reporter) -> None:
    """Report what a sample gives and no list has: the sender would ignore it."""
    for name in sorted(data.keys() - set(declared) - PROVIDED - {"year"}):
        message = f"'{name}' is neither in requiredVariables nor in optionalVariables"
        report.warning("undeclared-data", message, line=report.line_of(f'"{name}"'), word=name)


def _is_optional(tree: nodes.Template, name: str) -> bool:
    """Return True where the template asks whether the variable is there, or has a default for it."""
    tests: list[nodes.Node] = [branch.test for branch in tree.find_all(nodes.If)]
    tests += [choice.test for choice in tree.find_all(nodes.CondExpr)]
    tests += [one.node for one in tree.find_all(nodes.Filter) if one.name in ("default", "d") and one.node]
    names = (each for test in tests for each in (test, *test.find_all(nodes.Name)) if isinstance(each, nodes.Name))
    return any(each.name == name for each in names)


def report_unused(declared: Mapping[str, str], used: Iterable[str], report: Reporter) -> None:
    """Report declared names that nothing uses; `declared` has each name with its list."""
    for name, where in sorted(declared.items()):
        if name not in set(used):
            line = report.line_of(f'"{name}"')
            report.warning("unused-variable", f"'{name}' is in {where}, but nothing uses it", line=line, word=name)


def report_unknown(tree: nodes.Template, report: Reporter) -> None:
    """Report unknown filters and tests, also inside conditions, where Jinja2 finds them only while rendering."""
    for filtered in tree.find_all(nodes.Filter):
        if filtered.name not in _ENVIRONMENT.filters:
            report.error("unknown-filter", f"No filter '{filtered.name}'", line=filtered.lineno, word=filtered.name)
    for tested in tree.find_all(nodes.Test):
        if tested.name not in _ENVIRONMENT.tests:
            report.error("unknown-test", f"No test '{tested.name}'", line=tested.lineno, word=tested.name)


def report_other_files(tree: nodes.Template, report: Reporter) -> None:
    """Report includes and imports: a template has only its own three files."""
    for node in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        word = {"FromImport": "from"}.get(type(node).__name__, type(node).__name__.lower())
        report.error(
            "other-file", f"{{% {word} %}}: a template has only its own three files", line=node.lineno, word=word
        )


def report_unsafe(tree: nodes.Template, report: Reporter) -> None:
    """Report `|safe` on data, and changes of autoescaping."""
    for node in tree.find_all(nodes.Filter):
        if node.name == "safe" and not isinstance(node.node, nodes.Const | nodes.TemplateData):
            report.error("unsafe-markup", "'|safe' puts unescaped data into the email", line=node.lineno, word="safe")
    for scope in tree.find_all(nodes.ScopedEvalContextModifier):
        if any(option.key == "autoescape" for option in scope.options):
            report.error(
                "unsafe-markup", "{% autoescape %} changes how data is escaped", line=scope.lineno, word="autoescape"
            )
