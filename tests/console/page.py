"""What a test reads on a page of the console, without a browser."""

from __future__ import annotations

import re
from html.parser import HTMLParser


class Html(HTMLParser):
    """A page's text, addresses, and the values of its fields."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self._parts: list[str] = []
        self._tags: list[dict[str, str]] = []
        self.feed(page)
        self.text = re.sub(r"\s+", " ", "".join(self._parts))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tags.append({"tag": tag} | {name: value or "" for name, value in attrs})

    def handle_data(self, data: str) -> None:
        self._parts.append(data)

    @property
    def hrefs(self) -> list[str]:
        return [tag["href"] for tag in self._tags if "href" in tag]

    def links(self, element_id: str) -> list[str]:
        return [tag["href"] for tag in self._tags if tag.get("id") == element_id]

    def values(self, name: str) -> list[str]:
        return [tag["value"] for tag in self._tags if tag.get("name") == name and tag["tag"] in ("input", "button")]

    def attributes(self, tag_name: str, attribute: str) -> list[str]:
        return [tag[attribute] for tag in self._tags if tag["tag"] == tag_name and attribute in tag]

    def sources(self, tag_name: str) -> list[str]:
        return self.attributes(tag_name, "src")

    def hidden(self) -> list[tuple[str, str]]:
        return [(tag["name"], tag["value"]) for tag in self._tags if tag.get("type") == "hidden"]
