"""Every starter with full, minimal and hostile data."""

import re
from typing import Any

import html5lib
import pytest

from sesmail_cli.templates.files import TemplateFiles
from sesmail_cli.templates.lint.findings import Finding
from sesmail_cli.templates.lint.linter import lint
from sesmail_cli.templates.render import render
from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.template.templates import Rendered
from tests.templates.conftest import STARTERS
from tests.templates.data import HOSTILE, MARKUP, sample, with_empty_lists, with_every_text

# The most that a starter's HTML may have with data of usual size; Gmail cuts an email off after 102 KB.
MAX_BYTES = 60_000
BRAND = "brandColor brandTextColor logoUrl logoDarkUrl companyAddress supportEmail companyUrl"
EVERYWHERE = f"{BRAND} senderDisplayName senderEmail showEmoji year"
# Spec section 9: required, then optional variables, and those that the layouts add to it.
VARIABLES = {
    "welcome": (
        "userName companyName",
        "ctaUrl ctaText nextSteps helpUrl unsubscribeLink privacyUrl imageUrl imageAlt",
    ),
    "password-reset": (
        "userName companyName resetLink",
        "expiresIn requestIp requestTime requestDevice requestLocation securityTips",
    ),
    "purchase-confirmation": (
        "customerName orderId productName price companyName",
        "productDescription downloadUrl privacyUrl termsUrl"
        " orderUrl orderDate items subtotal shipping tax taxLabel total paymentMethod"
        " shippingAddress estimatedDelivery",
    ),
    "email-verification": ("userName verificationUrl companyName", "verificationCode expiresIn"),
    "invoice": (
        "customerName invoiceNumber invoiceDate items total companyName",
        "dueDate subtotal tax paymentUrl pdfUrl notes paidDate taxLabel companyTaxId customerAddress customerTaxId",
    ),
    "subscription-renewal": (
        "userName planName renewalDate amount companyName",
        "renewUrl cancelUrl unsubscribeLink privacyUrl paymentMethod",
    ),
    "contact-form-notification": ("formSenderName formSenderEmail message", "companyName subject submittedAt"),
    "shipping-notification": (
        "customerName orderId trackingNumber carrier companyName",
        "trackingUrl estimatedDelivery items shippingAddress deliveryStatus",
    ),
    "magic-link": (
        "userName magicLink companyName",
        "loginCode expiresIn requestTime requestDevice requestLocation",
    ),
    "team-invitation": (
        "inviterName teamName inviteLink companyName",
        "inviteeName inviterEmail replyToEmail role message expiresIn",
    ),
    "payment-failed": (
        "customerName amount updateUrl companyName",
        "planName invoiceNumber paymentMethod failureReason retryDate accessUntil",
    ),
    "sign-in-alert": ("userName signInTime companyName", "signInDevice signInLocation signInIp secureUrl"),
}
SENSITIVE = {"password-reset", "email-verification", "magic-link", "team-invitation"}


def checked(template: TemplateFiles, data: dict[str, Any]) -> Rendered:
    """Render, and check what must be true of every email."""
    rendered = render(template, data)
    parser = html5lib.HTMLParser()
    parser.parse(rendered.html)
    # html5lib still rejects `--` inside a comment (data in Outlook's button), which HTML allows now.
    assert [error for _, error, _ in parser.errors if error != "unexpected-char-in-comment"] == []
    assert len(rendered.html.encode()) < MAX_BYTES
    for part in (rendered.html, rendered.text, rendered.subject):
        assert "Undefined" not in part
        assert "None" not in part
    assert "{{" not in rendered.html.replace("{{ 7 * 7 }}", "")
    return rendered


def test_each_starter_declares_the_variables_of_the_contract(starter: TemplateFiles) -> None:
    required, optional = VARIABLES[starter.name]
    metadata = sample(starter, "metadata.json")
    assert metadata["requiredVariables"] == required.split()
    assert sorted(metadata["optionalVariables"]) == sorted(f"{optional} {EVERYWHERE}".split())
    assert metadata["sensitive"] is (starter.name in SENSITIVE)
    assert metadata.keys() >= {"subject", "senderName", "senderEmail", "description", "version"}


def test_samples_have_all_variables_or_only_the_required_ones(starter: TemplateFiles) -> None:
    metadata = sample(starter, "metadata.json")
    assert sample(starter).keys() == {*metadata["requiredVariables"], *metadata["optionalVariables"]}
    assert sample(starter, "sample.minimal.json").keys() == set(metadata["requiredVariables"])


@pytest.mark.parametrize("name", ["sample.json", "sample.minimal.json"])
def test_samples_render_to_complete_documents(starter: TemplateFiles, name: str) -> None:
    rendered = checked(starter, sample(starter, name))
    assert rendered.html.startswith("<!DOCTYPE html>")
    assert not re.search(r"<[a-z/!]", rendered.text)
    assert not re.search(r"\n{4,}", rendered.text)
    assert all(line == line.rstrip() for line in rendered.text.splitlines() if line != "-- ")


def test_the_full_sample_shows_every_value(starter: TemplateFiles) -> None:
    data = sample(starter)
    rendered = checked(starter, data)
    everything = f"{rendered.html}{rendered.subject}{rendered.sender_name}{rendered.sender_email}".replace("&#39;", "'")
    # Neither is text of its own: one is a switch, the other picks a step.
    for name in data.keys() - {"showEmoji", "deliveryStatus"}:
        assert all(text in everything for text in texts_in(data[name])), name


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("name", ["sample.json", "sample.minimal.json"])
def test_hostile_data_stays_data(starter: TemplateFiles, name: str, kind: str) -> None:
    clean = checked(starter, sample(starter, name))
    rendered = checked(starter, with_every_text(sample(starter, name), HOSTILE[kind]))
    assert "<script" not in rendered.html
    assert "49" not in rendered.text.replace("4915", "")
    assert "\n" not in rendered.subject + rendered.sender_name
    # The data adds no element: the tags are the same, except line breaks for texts with several lines.
    assert tags(rendered.html) == tags(clean.html)


def test_markup_in_the_data_is_escaped_where_it_shows(starter: TemplateFiles) -> None:
    rendered = checked(starter, with_every_text(sample(starter), HOSTILE["markup"]))
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in rendered.html
    assert MARKUP in rendered.text


def test_empty_lists_leave_no_empty_elements(starter: TemplateFiles) -> None:
    rendered = checked(starter, with_empty_lists(sample(starter)))
    assert not re.search(r"<(ul|ol)[^>]*>\s*</\1>", rendered.html)
    assert "how to get started" not in rendered.html + rendered.text
    assert "In this package" not in rendered.html + rendered.text


def test_a_missing_required_variable_is_named(starter: TemplateFiles) -> None:
    data = sample(starter, "sample.minimal.json")
    for name in data:
        rest = {key: value for key, value in data.items() if key != name}
        with pytest.raises(PermanentError) as caught:
            render(starter, rest)
        assert caught.value.code == "TMPL006"
        expected = f"Failed to render template '{starter.name}': Missing required variables: ['{name}']"
        assert caught.value.message == expected


def test_without_emoji_there_is_none(starter: TemplateFiles) -> None:
    pictures = re.compile("[\u2190-\u2bff\U0001f000-\U0001ffff]|&#(?!39;|34;|847;)\\d+;")
    rendered = checked(starter, sample(starter) | {"showEmoji": False})
    assert not pictures.search(rendered.html)
    assert not pictures.search(rendered.subject)
    assert pictures.search(checked(starter, sample(starter) | {"showEmoji": True}).html)


def test_pictures_of_the_data_are_the_only_external_resources(starter: TemplateFiles) -> None:
    data = sample(starter)
    html = render(starter, data).html
    expected = [data[name] for name in ("logoUrl", "logoDarkUrl", "imageUrl") if name in data]
    assert re.findall(r'<img[^>]* src="([^"]*)"', html) == expected
    assert "url(" not in html
    assert "<link" not in html
    assert "<img" not in render(starter, sample(starter, "sample.minimal.json")).html


def test_the_sending_year_fills_in(starter: TemplateFiles) -> None:
    data = sample(starter, "sample.minimal.json") | {"companyName": "Northwind Books"}
    assert re.search(r"&copy; 20\d\d ", render(starter, data).html)
    assert "&copy; 1999 " in render(starter, data | {"year": 1999}).html


def test_the_sender_is_the_company_unless_the_event_says_otherwise(starter: TemplateFiles) -> None:
    data = sample(starter, "sample.minimal.json")
    plain = render(starter, data)
    assert plain.sender_name == data.get("companyName", "Contact Form")
    assert plain.sender_email == ""
    named = render(starter, data | {"senderDisplayName": "Someone", "senderEmail": "someone@example.com"})
    assert (named.sender_name, named.sender_email) == ("Someone", "someone@example.com")


def test_a_reply_to_a_contact_form_goes_to_its_writer() -> None:
    template = STARTERS["contact-form-notification"]
    data = sample(template, "sample.minimal.json") | {"formSenderEmail": "grace+ships@navy.example"}
    rendered = render(template, data)
    assert rendered.reply_to == "grace+ships@navy.example"
    assert (
        'href="mailto:grace%2Bships@navy.example?subject=Re%3A%20New%20message%20from%20Grace%20Hopper"'
        in rendered.html
    )


def test_a_contact_forms_subject_cannot_break_the_header() -> None:
    template = STARTERS["contact-form-notification"]
    subject = "Hello\r\nBcc: everyone@example.com\n" + "more words " * 50
    rendered = render(template, sample(template, "sample.minimal.json") | {"subject": subject})
    assert rendered.subject.startswith("Hello Bcc: everyone@example.com more words")
    assert len(rendered.subject) <= 200


def test_lint_finds_nothing(starter: TemplateFiles) -> None:
    bulk = "unsubscribeLink" in sample(starter)
    assert list[Finding](lint(starter, bulk=bulk)) == []


def tags(html: str) -> list[str]:
    return [
        tag for tag in re.findall(r"<(/?[a-z0-9]+)", re.sub(r"<!--.*?-->", "", html, flags=re.DOTALL)) if tag != "br"
    ]


def texts_in(value: object) -> list[str]:
    """Return every line of text in a value, at any depth."""
    if isinstance(value, list):
        return [text for item in value for text in texts_in(item)]
    if isinstance(value, dict):
        return [text for item in value.values() for text in texts_in(item)]
    return str(value).splitlines()
