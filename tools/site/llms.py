"""llms.txt and llms-full.txt (https://llmstxt.org): the documentation's index and whole text, for language models."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tools.site.navigation import Section

SITE = "https://sesmail.github.io/sesmail/"
_SUMMARY = (
    "SESMail is an email engine for one AWS account. Producers put Email Request events on an EventBridge bus; the"
    " engine checks suppression, policy, quota and reputation, renders a template, sends through Amazon SES, records"
    " every email in DynamoDB and publishes status events."
)


def index(sections: Iterable[Section]) -> str:
    """Return llms.txt: one line a page, with the address of its Markdown."""
    lines = ["# SESMail", "", f"> {_SUMMARY}", ""]
    for section in sections:
        lines += [f"## {section.title}", ""]
        lines += [f"- [{entry.title}]({SITE}{entry.path}): {entry.summary}" for entry in section.entries]
        lines.append("")
    return "\n".join(lines)


def full(sections: Iterable[Section], pages: Mapping[str, str]) -> str:
    """Return llms-full.txt: every page of the navigation, in its order, each under the address of its Markdown."""
    parts = [f"# SESMail\n\n> {_SUMMARY}\n"]
    for section in sections:
        parts += [f"<!-- {SITE}{entry.path} -->\n\n{pages[entry.path].strip()}\n" for entry in section.entries]
    return "\n---\n\n".join(parts)
