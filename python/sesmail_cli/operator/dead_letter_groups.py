"""Dead-letter messages grouped by cause: how many, how old, three examples, and what becomes of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
from rich.markup import escape

from sesmail_cli.operator.dead_letters import Classification
from sesmail_cli.operator.format import duration
from sesmail_layer.domain.plain_text import LINE_ENDS

_EXAMPLES = 3


class CauseGroup(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """The messages of one cause."""

    cause: str
    count: int
    oldest_seconds: float
    why: str
    """The reason of the first of them."""
    examples: Sequence[Classification]
    movable: int
    targets: Sequence[str]
    stays: dict[str, int]
    """Why those that stay do, with how many."""
    may_be_deleted: Sequence[str]


def group_by_cause(messages: Sequence[Classification]) -> list[CauseGroup]:
    """Return the groups, the largest first."""
    causes = Counter(message.cause for message in messages).most_common()
    return [_group(cause, [one for one in messages if one.cause == cause]) for cause, _ in causes]


def _group(cause: str, messages: Sequence[Classification]) -> CauseGroup:
    return CauseGroup(
        cause=cause,
        count=len(messages),
        oldest_seconds=max(message.age_seconds for message in messages),
        why=messages[0].why,
        examples=messages[:_EXAMPLES],
        movable=sum(message.target is not None for message in messages),
        targets=sorted({message.target for message in messages if message.target}),
        stays=Counter(message.stays for message in messages if message.stays),
        may_be_deleted=sorted({message.may_be_deleted for message in messages}),
    )


def describe_groups(groups: Sequence[CauseGroup]) -> str:
    """Describe each group in a few lines of markup: no table, since a terminal's width must not cut an id."""
    return "\n\n".join(_describe(group) for group in groups)


def _describe(group: CauseGroup) -> str:
    messages = "message" if group.count == 1 else "messages"
    lines = [
        f"[bold]{_line(group.cause)}[/] · {group.count} {messages}, oldest {duration(group.oldest_seconds)}",
        f"  Why   {_line(group.why)}",
    ]
    if group.movable:
        lines.append(f"  Next  [green]{group.movable} can go to {_targets(group)}[/]")
    lines += [f"  Next  [yellow]{count} stay: {_line(why)}[/]" for why, count in group.stays.items()]
    lines.append(f"  May it be deleted? {'; '.join(group.may_be_deleted)}")
    lines += [f"  {_line(example.message_id)}  {_line(example.what)}" for example in group.examples]
    if group.count > len(group.examples):
        lines.append(f"  … and {group.count - len(group.examples)} more (--json lists all)")
    return "\n".join(lines)


def _line(text: str) -> str:
    return escape(LINE_ENDS.sub(" ", text))


def _targets(group: CauseGroup) -> str:
    return ", ".join(group.targets)
