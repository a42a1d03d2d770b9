"""docs/metrics.md lists every metric, alarm and log event, as the code and Terraform have them."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from sesmail_layer.aws.daily_figures import _LETTERS
from sesmail_layer.domain.record.statuses import Status
from sesmail_layer.domain.template.starters import Decision
from sesmail_layer.runtime.metrics import _BY_FUNCTION
from tests.docs.pages import DOCS, ROOT
from tools.generators.terraform_docs import blocks as terraform_blocks

PAGE = (DOCS / "metrics.md").read_text()
ALARMS = "".join(path.read_text() for path in sorted((ROOT / "modules/alarms").glob("*.tf")))
ENGINE = (ROOT / "modules/sesmail/main.tf").read_text()

UNITS = {"count": "Count", "level": "None", "highest": "Seconds"}
LEVELS = ("info", "warning", "error")
SET_BY_THE_SENDER = {Status.SENDING, Status.DEFERRED, Status.SENT}
_EVENT = re.compile(r"[a-z_]+\.[a-z_]+")
_FILE = re.compile(r".+\.(json|html|css|txt)")


@cache
def trees() -> list[tuple[Path, ast.Module]]:
    folders = ("python/sesmail_layer", "python/sesmail_webhook", "functions")
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return [(path, ast.parse(path.read_text())) for path in paths]


def calls(names: tuple[str, ...], owner: str) -> Iterator[tuple[str, ast.expr]]:
    """Yield method and first argument of each call of a method on `owner`, `_owner` or `x.owner`."""
    for _, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in names:
                of = node.func.value
                if getattr(of, "attr", getattr(of, "id", "")).strip("_") == owner and node.args:
                    yield node.func.attr, node.args[0]


def constants(node: ast.AST) -> list[str]:
    """Return the strings that an expression may be: one, or either of two."""
    branches = [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]
    return [each.value for each in branches if isinstance(each, ast.Constant) and isinstance(each.value, str)]


def units_in_the_code() -> dict[str, str]:
    found = {name: UNITS[method] for method, node in calls(tuple(UNITS), "metrics") for name in constants(node)}
    [by_status] = [node for _, node in calls(tuple(UNITS), "metrics") if not constants(node)]
    assert isinstance(by_status, ast.BinOp), "only EmailFeedback counts by status"
    of_ses = set(Status) - SET_BY_THE_SENDER
    return found | {"Email" + status.replace("_", " ").title().replace(" ", ""): "Count" for status in of_ses}


def section(heading: str) -> str:
    """Return a section with those inside of it."""
    marks = heading.split()[0]
    text = PAGE.split(f"\n{heading}\n")[1]
    return re.split(rf"^#{{2,{len(marks)}}} ", text, flags=re.MULTILINE)[0]


def table(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


METRICS = table(section("## Metrics").split("###")[0])
EVENTS = table(section("## Log events"))
ALARM_ROWS = table(section("## Alarms"))


def test_every_metric_has_its_row_with_its_unit() -> None:
    assert {name.strip("`"): unit for name, unit, _ in METRICS} == units_in_the_code()


def test_a_metric_of_each_function_says_so() -> None:
    assert {name.strip("`") for name, _, counts in METRICS if "`FunctionName`" in counts} == _BY_FUNCTION


def test_the_metrics_of_a_producer_are_its_figures() -> None:
    named = set(re.findall(r"`(Email\w+)`", section("### Metrics per producer")))
    assert named == {f"Email{status.title()}" for status in _LETTERS}


def test_every_metric_of_an_alarm_or_chart_is_on_the_page() -> None:
    charts = (ROOT / "modules/dashboard/main.tf").read_text()
    read = set(re.findall(r'metric(?:_name)?\s+= "([\w.]+)"', ALARMS))
    read |= {
        name for each in re.findall(r"for metric in \[([^\]]+)\]", charts) for name in re.findall(r'"(\w+)"', each)
    }
    read |= set(re.findall(r'\["(?:AWS/\w+|SESMail)", "([\w.]+)"', charts))
    own = {name.strip("`") for name, _, _ in METRICS}
    of_aws = {name for row in table(section("### Metrics of AWS")) for name in re.findall(r"`([\w.]+)`", row[1])}
    assert read - own == of_aws
    assert {"EmailSent", "SendingPaused", "Duration", "Reputation.BounceRate"} <= read


def names_of_alarms() -> set[str]:
    elsewhere = (ROOT / "modules/sesmail/status_buses.tf").read_text()
    listed = ENGINE.split("dead_letter_queues = merge(")[1].split("}")[0]
    queues = re.findall(r"(\w+) += module", listed) + re.findall(r'"(\w+DLQ)" => queue\.name', elsewhere)
    assert len(queues) == 7
    names = {f"{queue}-Depth" for queue in queues}
    names |= {f"{function}-Errors" for function in ("EmailSender", "FeedbackProcessor", "Unsubscribe")}
    names |= {f"{queue}-Age" for queue in seconds_by_queue()}
    names |= {f"SES-{rate}{end}" for rate in ("BounceRate", "ComplaintRate") for end in ("", "-Pause")}
    return names | set(re.findall(r'alarm_name += "\$\{var\.name\}-([\w-]+)"', ALARMS))


def seconds_by_queue() -> dict[str, str]:
    found = dict(re.findall(r"(\w+) += \{ queue_name = .*seconds = (\d+) \}", ENGINE))
    assert len(found) == 4
    return found


def test_every_alarm_has_one_row() -> None:
    documented = Counter(name for row in ALARM_ROWS for name in re.findall(r"`sesmailengine-([\w-]+)`", row[0]))
    assert set(documented) == names_of_alarms()
    assert set(documented.values()) == {1}


def test_a_row_of_an_alarm_says_when_it_fires_and_what_to_do() -> None:
    assert {len(row) for row in ALARM_ROWS} == {3}
    assert all(row[1] and row[2] for row in ALARM_ROWS)


@cache
def defaults() -> dict[str, str]:
    variables = terraform_blocks(ROOT / "modules/sesmail", "variable")
    return {each.name: each.attribute("default") or "" for each in variables}


def test_the_thresholds_of_an_alarm_are_the_defaults() -> None:
    """Each variable that a row names is a number there: as it is, as a percentage, or in words."""
    named = [(row[1], name) for row in ALARM_ROWS for name in re.findall(r"`(\w+)`", row[1]) if name in defaults()]
    numbers = [(text, name, float(defaults()[name])) for text, name in named if defaults()[name][0].isdigit()]
    assert len(numbers) == 9
    words: dict[float, set[str]] = {3_600: {"an hour"}, 2: {"twice in a row"}}
    for text, name, value in numbers:
        share = 1 - value if name == "daily_quota_reserve" else value
        written = {f"{value:g} ", f"{share * 100:g} %"} | words.get(value, set())
        assert any(each in text for each in written), f"{name} is {defaults()[name]}"


def test_the_seconds_of_an_alarm_are_those_of_terraform() -> None:
    found = {f"{queue}-Age": seconds for queue, seconds in seconds_by_queue().items()}
    for text in ALARMS.split("\nresource ")[1:]:
        [name] = re.findall(r'alarm_name += "\$\{var\.name\}-(BulkQueue-Age|Waiting-Transient)"', text) or [None]
        if name:
            found[name] = re.findall(r"threshold += (\d+)\n", text)[0]
    assert len(found) == 6
    for name, seconds in found.items():
        [fires] = [row[1] for row in ALARM_ROWS if f"`sesmailengine-{name}`" in row[0]]
        assert f"{int(seconds):,} seconds" in fires, name


def levels_in_the_code() -> dict[str, set[str]]:
    """Return the levels that an event is logged at; other functions pass it on as an error."""
    found: dict[str, set[str]] = {}
    for method, node in calls(LEVELS, "log"):
        names = constants(node)
        if isinstance(node, ast.JoinedStr):
            names = [f"starter.{decision.value}" for decision in Decision]
        for name in names:
            found.setdefault(name, set()).add(method.upper())
    return found


def events_in_the_code() -> set[str]:
    texts = {
        node.value
        for path, tree in trees()
        if "template" not in path.parts
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    return {text for text in texts if _EVENT.fullmatch(text) and not _FILE.fullmatch(text)} | set(levels_in_the_code())


def levels_on_the_page() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, levels, _ in EVENTS:
        found.setdefault(name.strip("`"), set()).update(levels.split(", "))
    return found


def test_every_log_event_has_its_row() -> None:
    assert set(levels_on_the_page()) == events_in_the_code()


def test_the_level_of_a_log_event_is_that_of_the_code() -> None:
    page = levels_on_the_page()
    wrong = {name: levels for name, levels in levels_in_the_code().items() if not levels <= page[name]}
    assert wrong == {}
