"""What the starters say in each of their states, and with which brand."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sesmail_cli.templates.render import render
from sesmail_layer.domain.template.templates import Rendered
from tests.templates.conftest import STARTERS
from tests.templates.data import sample


def rendered(name: str, *without: str, **data: Any) -> Rendered:
    """Render the full sample, without some variables and with others."""
    full = {key: value for key, value in sample(STARTERS[name]).items() if key not in without}
    return render(STARTERS[name], full | data)


def words(html: str) -> str:
    """Return what a reader sees of the HTML, without the preheader."""
    body = re.sub(r"<!--.*?-->|<style.*?</style>|<[^>]+>", " ", html.partition('role="article"')[2], flags=re.DOTALL)
    return " ".join(body.replace("&#39;", "'").split())


def largest_text(html: str) -> str:
    """Return the text in the largest type."""
    pieces = re.findall(r'style="[^"]*font-size:(\d+)px[^"]*"[^>]*>([^<]*[^<\s][^<]*)<', html)
    text: str = max(pieces, key=lambda piece: int(piece[0]))[1]
    return text.strip()


def test_an_invoice_leads_with_the_amount_the_date_and_the_button() -> None:
    due = rendered("invoice")
    seen = words(due.html)
    parts = ["£72.00", "Due by 8 December 2026", "Pay invoice", "GB 123 4567 89", "GB 987 6543 21", "Total due"]
    assert sorted(parts, key=seen.index) == parts
    assert largest_text(due.html) == "£72.00"
    assert "Total due: £72.00 by 8 December 2026" in due.text


def test_a_paid_invoice_says_so_and_asks_for_nothing() -> None:
    paid = rendered("invoice", paidDate="25 November 2026")
    for part in (words(paid.html), paid.text):
        assert "aid on 25 November 2026" in part
        assert "Total paid" in part
        assert not re.search("Pay invoice|Pay online|Due by|Total due", part)
    assert "https://northwind.example/pay/" not in paid.html + paid.text


@pytest.mark.parametrize(
    ("status", "subject", "title", "done"),
    [
        ("shipped", "📦 Your order NW-10423 is on its way", "Your order is on its way", 2),
        ("out_for_delivery", "📦 Your order NW-10423 is out for delivery", "Your order is out for delivery", 3),
        ("delivered", "📦 Your order NW-10423 has arrived", "Your order has arrived", 4),
        ("lost at sea", "📦 Your order NW-10423 is on its way", "Your order is on its way", 2),
    ],
)
def test_a_shipment_shows_its_step(status: str, subject: str, title: str, done: int) -> None:
    email = rendered("shipping-notification", deliveryStatus=status)
    assert email.subject == subject
    assert f"{title}</h1>" in email.html
    assert email.html.count('class="mark gap"') == done
    assert ("Estimated delivery" in email.html) is (done < 4)
    assert ("Delivered to:" in email.text) is (done == 4)


def test_a_receipt_lists_its_items_or_else_the_one_product() -> None:
    several = rendered("purchase-confirmation")
    assert "Bookplates, set of 20" in several.html
    assert "Total: £47.52" in several.text
    one = rendered("purchase-confirmation", "items", "subtotal", "shipping", "tax", "total")
    assert "1 x The Analytical Engine: £24.90" in one.text
    assert "Total: £24.90" in one.text
    assert "E-book, illustrated edition" in words(one.html)
    assert "Subtotal" not in one.html


def test_a_code_comes_first_in_one_piece_and_is_the_largest_text() -> None:
    for name, code in (("email-verification", "482915"), ("magic-link", "739204")):
        email = rendered(name)
        assert largest_text(email.html) == code
        assert words(email.html).index(code) < email.html.index("Sign in</a>" if name == "magic-link" else "Confirm")
        without = rendered(name, "verificationCode", "loginCode")
        assert "code" not in words(without.html) + without.text


def test_a_contact_form_shows_the_message_before_anything_about_it() -> None:
    seen = words(rendered("contact-form-notification").html)
    parts = ["Delivery to ships", "Do you deliver to ships at sea?", "Reply to Grace Hopper", "grace@navy.example"]
    assert sorted(parts, key=seen.index) == parts


def test_a_password_reset_says_where_to_report_a_request_that_was_not_yours() -> None:
    email = rendered("password-reset")
    report = "If it keeps happening, let us know"
    assert f"{report} at help@northwind.example." in email.text
    assert f"{report}: help@northwind.example" in words(email.html)
    without = rendered("password-reset", "supportEmail")
    assert report not in without.html + without.text
    assert "your password won't change." in without.text


def test_a_renewal_is_automatic_unless_there_is_a_link_to_renew() -> None:
    automatic, manual = rendered("subscription-renewal", "renewUrl"), rendered("subscription-renewal")
    assert automatic.subject == "🔄 Your Reading Room plan renews on 1 December 2026"
    assert "renews automatically, so there's nothing you need to do." in words(automatic.html)
    assert "Charged to: Visa ending in 4242" in automatic.text
    assert manual.subject == "🔄 Your Reading Room plan is up for renewal on 1 December 2026"
    for part in (words(manual.html), manual.text):
        assert "Renew by" in part
        assert not re.search("automatically|[Rr]enews on|Charged to", part)


def test_a_failed_payment_guesses_at_a_cause_only_where_none_is_known() -> None:
    guess = "It's usually an expired or replaced card"
    known, unknown = rendered("payment-failed"), rendered("payment-failed", "failureReason")
    for part in (words(known.html), known.text):
        assert "What went wrong: Your card has expired." in part
        assert guess not in part
    for part in (words(unknown.html), unknown.text):
        assert guess in part


def test_a_receipt_shows_where_it_goes_and_when_it_arrives() -> None:
    email = rendered("purchase-confirmation")
    for part in (words(email.html), " ".join(email.text.split())):
        assert "Arriving" in part
        assert "Friday, 27 November" in part
        assert re.search("Shipping to:? Ada Lovelace 8 Marlborough Road London W4 4EU", part)
    without = rendered("purchase-confirmation", "shippingAddress", "estimatedDelivery")
    assert not re.search("Shipping to|Arriving", without.html + without.text)


def test_a_delivered_package_that_cannot_be_found_has_somebody_to_ask() -> None:
    asked = "Can't find it, or something not right? Contact support:"
    for status, there in (("delivered", True), ("shipped", False)):
        email = rendered("shipping-notification", deliveryStatus=status)
        for part in (words(email.html), email.text):
            assert (asked in part) is there
            assert ("omething not right? Contact support:" in part) is True


def test_an_answer_to_an_invitation_reaches_the_person_who_sent_it() -> None:
    email = rendered("team-invitation")
    assert email.reply_to == "grace@navy.example"
    for part in (words(email.html), email.text):
        assert "Questions? Reply to this email to reach Grace Hopper." in part
    without = rendered("team-invitation", "replyToEmail", inviterEmail="ada@corp.internal")
    assert without.reply_to == ""
    assert "Reply to this email" not in without.html + without.text
    assert "ada@corp.internal" in without.text


@pytest.mark.parametrize("shown", ["grace@localhost", "Grace Hopper", "grace@navy.example, ada@navy.example"])
def test_an_inviter_may_be_shown_with_what_no_mail_can_reach(shown: str) -> None:
    email = rendered("team-invitation", "replyToEmail", inviterEmail=shown)
    assert email.reply_to == ""
    for part in (words(email.html), email.text):
        assert shown in part


def test_a_sign_in_names_the_device_in_the_subject_where_it_is_known() -> None:
    assert rendered("sign-in-alert").subject == "🔔 New sign-in to Northwind Books from Firefox on macOS"
    assert rendered("sign-in-alert", "signInDevice").subject == "🔔 New sign-in to Northwind Books"


def test_a_contact_form_without_a_company_claims_no_copyright() -> None:
    email = rendered("contact-form-notification", "companyName", "companyAddress")
    assert "&copy;" not in email.html
    assert "(c)" not in email.text


def test_every_tone_has_a_dark_one() -> None:
    html = rendered("invoice", "dueDate").html
    light = set(re.findall(r'class="(good|warning|danger|neutral)"', html))
    assert light == {"neutral"}
    dark = html.partition("prefers-color-scheme: dark")[2].partition("</style>")[0]
    assert all(f".{tone} {{ background-color" in dark for tone in ("good", "warning", "danger", "neutral"))


def styles(html: str, css_class: str) -> set[str]:
    """Return the background colours of a class in the light styles."""
    tags = re.findall(rf'<\w+ class="(?:[^"]* )?{css_class}(?: [^"]*)?"[^>]*>', html)
    return {color for tag in tags for color in re.findall(r"background-color:(#[0-9a-f]{6})", tag)}


@pytest.mark.parametrize(
    ("brand", "text"),
    [
        ("#0b1f4d", "#ffffff"),
        ("#ffd400", "#000000"),
        ("#FD0", "#000000"),
        ("red;background:url(//e.example)", "#ffffff"),
    ],
)
def test_the_brands_colour_is_on_every_button_with_text_that_is_readable_on_it(brand: str, text: str) -> None:
    for name in STARTERS:
        html = rendered(name, "brandTextColor", brandColor=brand).html
        buttons = re.findall(r'<a class="button accent"[^>]*style="([^"]*)"', html)
        assert buttons, name
        wanted = {"#FD0": "#ffdd00", "#ffd400": "#ffd400", "#0b1f4d": "#0b1f4d"}.get(brand, "#2f4bd8")
        assert all(f"background-color:{wanted};" in style and f"color:{text};" in style for style in buttons), name
        assert styles(html, "accent") == {wanted}
        assert "url(" not in html


def test_a_text_colour_that_could_not_be_read_is_corrected() -> None:
    html = rendered("welcome", brandColor="#ffd400", brandTextColor="#ffffff").html
    assert "color:#ffffff;[[" not in html
    assert not re.search(r'class="on-accent"[^>]*color:#ffffff', html)


def test_without_a_dark_logo_the_logo_keeps_a_white_ground_in_dark_mode() -> None:
    assert '<span class="plate"' in rendered("invoice", "logoDarkUrl").html
    both = rendered("invoice").html
    assert '<span class="plate"' not in both
    assert both.count('class="light-logo"') == both.count('class="dark-logo"') == 1
    none = rendered("invoice", "logoUrl").html
    assert "<img" not in none
    assert "Northwind Books" in words(none)


def test_the_address_of_the_company_is_in_every_part(starter: Any) -> None:
    email = render(starter, sample(starter))
    assert "12 St James's Square, London SW1Y 4LB" in words(email.html)
    assert "12 St James's Square\nLondon SW1Y 4LB" in email.text
