"""The page's HTML: nothing but its own files, hostile text as text, and the reader's language."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import msgspec
import pytest

from sesmail_layer.domain.unsubscribe.page import Page, best_language
from sesmail_layer.domain.unsubscribe.view import Problem, TopicChoice, View

FOLDER = Path(__file__).resolve().parents[4] / "functions/unsubscribe/page"
LOCALES = {path.stem: path for path in (FOLDER / "locales").glob("*.json")}
TEXTS = {name: msgspec.json.decode(path.read_bytes(), type=dict[str, str]) for name, path in LOCALES.items()}
WEEKLY = TopicChoice(name="weekly-digest", label="Weekly digest", left=False)
EVENTS = TopicChoice(name="events", label="Events near you", left=True)
VIEW = View(address="a***@example.com", topic=WEEKLY)
BRAND = {"companyName": "Northwind", "supportEmail": "help@northwind.example"}


def page(**brand: str) -> Page:
    return Page((FOLDER / "page.html").read_text(), (FOLDER / "page.css").read_text(), TEXTS, brand or BRAND)


def html(found: View | Problem = VIEW, languages: str = "en", **brand: str) -> str:
    return page(**brand).render(found, languages)[1]


def left(choice: TopicChoice, *, left: bool = True) -> TopicChoice:
    return msgspec.structs.replace(choice, left=left)


@pytest.mark.parametrize("problem", Problem)
def test_a_problem_has_its_status_and_its_words(problem: Problem) -> None:
    status, shown = page().render(problem, "en")

    assert status == (503 if problem is Problem.LATER else 400)
    assert TEXTS["en"][f"{problem}_title"] in shown.replace("&#39;", "'")
    assert "<form" not in shown


def test_the_page_asks_first() -> None:
    shown = html()
    assert "<h1>Unsubscribe from “Weekly digest”?</h1>" in shown
    assert re.findall(r'<button class="([^"]*)" name="([^"]*)" value="([^"]*)" aria', shown) == [
        ("", "unsubscribe", "weekly-digest")
    ]


def test_other_topics_have_their_state_and_the_opposite_button() -> None:
    shown = html(msgspec.structs.replace(VIEW, others=[EVENTS, WEEKLY]))
    assert "Other emails from Northwind" in shown
    buttons = re.findall(r'<button class="([^"]*)" name="([^"]*)" value="([^"]*)" aria', shown)
    assert buttons[1:] == [("quiet", "resubscribe", "events"), ("quiet", "unsubscribe", "weekly-digest")]


@pytest.mark.parametrize(
    ("view", "said"),
    [
        (
            msgspec.structs.replace(VIEW, topic=left(WEEKLY)),
            "We won't send “Weekly digest” to a***",
        ),
        (msgspec.structs.replace(VIEW, changed=WEEKLY), "We'll send “Weekly digest” to a***@example.com again."),
        (msgspec.structs.replace(VIEW, changed=EVENTS), "You're unsubscribed from “Events near you”."),
        (
            msgspec.structs.replace(VIEW, changed=left(EVENTS, left=False)),
            "You're subscribed to “Events near you” again",
        ),
        (msgspec.structs.replace(VIEW, no_bulk_mail=True), "All newsletters to a***@example.com are switched off"),
    ],
)
def test_the_page_says_what_was_changed(view: View, said: str) -> None:
    assert said in html(view).replace("&#39;", "'")


def test_hostile_text_stays_text() -> None:
    hostile = TopicChoice(name="x", label='"><script>alert(1)</script>{company.__class__}', left=False)
    view = msgspec.structs.replace(VIEW, topic=hostile, others=[hostile], changed=hostile)
    shown = html(view, companyName="<b>{topic}</b>", logoUrl='https://x/"onerror=')

    assert "<script" not in shown
    assert "<b>" not in shown
    assert "class=&#39;" not in shown
    assert 'src="https://x/&#34;onerror="' in shown


def test_nothing_is_loaded_but_the_logo() -> None:
    policy = page().headers["content-security-policy"]
    [style] = re.findall(r"<style>(.*?)</style>", html(), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert "default-src 'none'" in policy
    assert f"style-src 'sha256-{digest}'" in policy
    assert "script" not in html() + policy
    assert re.findall(r'(?:src|href)="(?!mailto:)', html()) == []
    assert page().headers["referrer-policy"] == "no-referrer"


def test_the_brand_s_colour_is_readable_in_light_and_dark() -> None:
    shown = html(brandColor="#ffd400", companyName="Sun")
    assert ":root{--accent:#ffd400;--on-accent:#000000;" in shown
    assert "--link:#ffd400" in shown  # On dark; darker on white.
    assert shown.count("--link:") == 2


@pytest.mark.parametrize("name", LOCALES)
def test_every_locale_says_the_same_things_with_the_same_parts(name: str) -> None:
    english = TEXTS["en"]
    assert set(TEXTS[name]) == set(english)
    parts = {key: sorted(re.findall(r"\{\w+\}", text)) for key, text in TEXTS[name].items()}
    assert parts == {key: sorted(re.findall(r"\{\w+\}", text)) for key, text in english.items()}
    assert f'<html lang="{name}" dir="ltr">' in html(languages=name)


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,en;q=0.5", "de"),
        ("nl,fr;q=0.8,de;q=0.9", "de"),
        ("fr;q=0,en", "en"),
        ("xx, *;q=0.5", "en"),
        ("ES-mx", "es"),
        ("fr;q=x;;;,,de", "de"),
        ("de;q=1.1.1,fr;q=0.1", "fr"),
        (", " * 5000 + "de", "en"),
    ],
)
def test_the_language_is_the_reader_s_best_known_one(accepted: str, language: str) -> None:
    assert best_language(accepted, TEXTS) == language
