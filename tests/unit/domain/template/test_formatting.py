"""Money, numbers and dates, rendered in templates."""

import json
import subprocess
import sys
from typing import Any

import pytest

from sesmail_layer.domain.errors import PermanentError
from sesmail_layer.domain.template.templates import compile_template

METADATA = b'{"subject": "{{ value | default(1) | number }}", "optionalVariables": ["value"]}'


def render(source: str, locale: str | None = None, **data: Any) -> str:
    template = compile_template("t", b"", source.encode(), METADATA, locale)
    return template.render(data, "Hello").text.replace("\xa0", " ").replace("\u202f", " ")


@pytest.mark.parametrize(
    ("source", "locale", "value", "expected"),
    [
        ("{{ value | money('EUR') }}", None, 1234.5, "€1,234.50"),
        ("{{ value | money('EUR') }}", "de", "1234.5", "1.234,50 €"),
        ("{{ value | money('EUR') }}", "fr-CA", 1234.5, "1 234,50 €"),
        ("{{ value | money('jpy') }}", "ja", 123456789, "￥123,456,789"),
        ("{{ value | money('EUR', locale='de') }}", "en", 0.1, "0,10 €"),
        ("{{ value | number }}", "de-AT", 1234567.891, "1.234.567,891"),
        ("{{ value | number(2) }}", None, 3, "3.00"),
        ("{{ value | number(0) }}", None, 2.5, "2"),
        ("{{ value | date }}", None, "2026-11-24", "November 24, 2026"),
        ("{{ value | date('full') }}", "fr-CA", "2026-11-24T23:30:00Z", "mardi 24 novembre 2026"),
        ("{{ value | date('short') }}", "en-GB", 1795516260, "24/11/2026"),
        ("{{ value | time(zone='Europe/Paris') }}", "de", "2026-11-24T10:31:00Z", "11:31"),
        ("{{ value | time }}", None, "2026-11-24T10:31:00", "10:31 AM"),
        ("{{ value | date }}", "xx-YY", "2026-11-24", "November 24, 2026"),
        ("{{ value | date }}", "fr-ZZ", "2026-11-24", "24 novembre 2026"),
        ("{{ value | date(locale='fr_CA') }}", None, "2026-11-24", "24 novembre 2026"),
        ("{{ value | date(locale='de_AT') }}", "fr", "2026-01-24", "24. Jänner 2026"),
        ("{{ value | date }}", "de-AT-xx", "2026-01-24", "24. Jänner 2026"),
        ("{{ value | date }}", "de-XX-xx", "2026-01-24", "24. Januar 2026"),
        ("{{ value | date(locale='xx') }}", "de-AT", "2026-01-24", "24. Jänner 2026"),
        ("{{ value | date(locale=7) }}", "de-AT", "2026-01-24", "24. Jänner 2026"),
        ("{{ locale }}", "fr-CA", 1, "fr-CA"),
        ("{{ locale }}", None, 1, "en"),
    ],
)
def test_values_are_written_in_the_language_of_the_recipient(
    source: str, locale: str | None, value: object, expected: str
) -> None:
    assert render(source, locale, value=value) == expected


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'twelve' | money('EUR') }}",
        "{{ true | number }}",
        "{{ 'NaN' | number }}",
        "{{ '1e999999' | number }}",
        "{{ 'tomorrow' | date }}",
        "{{ '2026-11-24' | date('huge') }}",
        "{{ '2026-11-24' | time(zone='Mars') }}",
        "{{ 1e300 | date }}",
    ],
)
def test_an_invalid_value_is_an_error_that_does_not_quote_it(source: str) -> None:
    with pytest.raises(PermanentError) as caught:
        render(source)
    assert caught.value.code == "TMPL010"
    assert "twelve" not in caught.value.message
    assert "tomorrow" not in caught.value.message


def test_an_absent_optional_value_prints_nothing() -> None:
    assert render("[{{ value | money('EUR') }}{{ value | number }}{{ value | date }}{{ value | time }}]") == "[]"


@pytest.mark.parametrize("source", ["-0.0", "-0.4|round", "0 * -1.0", "-0.001|round(2)", "(-0.2)|round(0, 'ceil')"])
def test_a_number_that_is_zero_has_no_minus(source: str) -> None:
    assert render(f"{{{{ {source} }}}}") == "0.0"


def test_babel_is_loaded_only_when_a_template_uses_it() -> None:
    script = (
        "import sys, json\n"
        "from sesmail_layer.domain.template.templates import compile_template\n"
        "seen = []\n"
        "for source in (b'{{ 1 }}', b'{{ 1 | number }}'):\n"
        "    compile_template('t', b'', source, b'{}').render({}, 'Hello')\n"
        "    seen.append(any(name.partition('.')[0] == 'babel' for name in sys.modules))\n"
        "print(json.dumps(seen))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd="python")
    assert json.loads(done.stdout) == [False, True]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("{{ 'twelve' | money('EUR') }}", "money: the value is no number"),
        ("{{ true | number }}", "number: the value is no number"),
        ("{{ '1e31' | number }}", "number: the value is no number"),
        ("{{ '1e-31' | number }}", "number: the value is no number"),
        ("{{ 'tomorrow' | date }}", "date: the value is no ISO 8601 time"),
        ("{{ true | time }}", "time: the value is no ISO 8601 time"),
        ("{{ '2026-11-24' | date('huge') }}", "date: the length is one of short, medium, long, full"),
        ("{{ '2026-11-24' | time('huge') }}", "time: the length is one of short, medium, long, full"),
        ("{{ '2026-11-24' | time(zone='Mars') }}", "time: no such time zone"),
        ("{{ '2026-11-24' | date(zone='Mars') }}", "date: no such time zone"),
        ("{{ 1 | money('EURO') }}", "money: the currency is three letters, such as EUR"),
        ("{{ 1 | money(978) }}", "money: the currency is three letters, such as EUR"),
        ("{{ 1 | number('2') }}", "number: the digits are a whole number, such as 2"),
        ("{{ '2026-11-24' | time }}", "time: the value is a date without a time"),
        ("{{ '0001-01-01T00:00:00' | time(zone='America/New_York') }}", "time: the value is out of range"),
        ("{{ '9999-12-31T23:00:00' | date(zone='Asia/Tokyo') }}", "date: the value is out of range"),
    ],
)
def test_an_invalid_value_is_an_error_that_names_the_filter(source: str, reason: str) -> None:
    with pytest.raises(PermanentError) as caught:
        render(source)
    assert caught.value.message == f"Failed to render template 't': FilterArgumentError: {reason}"


@pytest.mark.parametrize("value", ["1e30", "-1e30"])
def test_a_number_may_have_thirty_digits(value: str) -> None:
    assert render("{{ value | number }}", value=value).strip("-") == "1" + ",000" * 10


def test_unix_seconds_are_utc_in_every_time_zone() -> None:
    assert render("{{ 1795516260 | date }}, {{ 1795516260 | time }}") == "November 24, 2026, 10:31 AM"


@pytest.mark.parametrize("text", ["2026-11-24t23:30:00z", "2026-11-24 23:30:00Z", "2026-11-24t23:30:00.5z"])
def test_a_time_may_be_written_in_every_way_of_rfc_3339(text: str) -> None:
    assert render("{{ at | date(zone='Asia/Tokyo') }}", at=text) == "November 25, 2026"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{{ '2026-11-24T23:30:00' | date }}", "November 24, 2026"),
        ("{{ '2026-11-24T23:30:00' | date(zone='Asia/Tokyo') }}", "November 25, 2026"),
        ("{{ '2026-11-24T23:30:00-05:00' | date }}", "November 24, 2026"),
        ("{{ '2026-11-24T23:30:00-05:00' | date(zone='UTC') }}", "November 25, 2026"),
        ("{{ '2026-11-24' | date(zone='Asia/Tokyo') }}", "November 24, 2026"),
        ("{{ '2026-11-24' | date(zone=nothing) }}", "November 24, 2026"),
        ("{{ '2026-11-24T23:30:00-05:00' | time }}", "4:30 AM"),
        ("{{ '2026-11-24T23:30:00-05:00' | time(zone=none) }}", "4:30 AM"),
        ("{{ '2026-11-24T23:30:00Z' | time('full', zone='Asia/Tokyo') }}", "8:30:00 AM Japan Standard Time"),
    ],
)
def test_a_moment_is_on_the_day_of_its_zone(source: str, expected: str) -> None:
    assert render(source, nothing=None) == expected


def test_a_date_and_a_time_follow_the_locale_of_the_email_unless_the_filter_names_one() -> None:
    moment = "2026-11-24T15:31:00Z"
    assert render("{{ at|date }}, {{ at|time }}, {{ 0.5|number }}", "de", at=moment) == "24. November 2026, 15:31, 0,5"
    source = "{{ at|date(locale='fr') }}, {{ at|time(locale='fr') }}, {{ 0.5|number(locale='fr') }}"
    assert render(source, "en", at=moment) == "24 novembre 2026, 15:31, 0,5"


def test_text_is_read_up_to_a_hundred_characters_and_a_locale_up_to_35() -> None:
    assert render("{{ one|number }} {{ two|number }}", one=" " * 99 + "7", two="0" * 100) == "7 0"
    with pytest.raises(PermanentError, match="number: the value is no number"):
        render("{{ one|number }}", one=" " * 100 + "7")
    assert render("{{ at|date }}", "de" + "-xxxxxxxx" * 900, at="2026-11-24") == "24. November 2026"


def test_a_sum_of_money_is_written_to_its_last_digit() -> None:
    assert render("{{ sum|number(20) }}", sum="1" * 30 + "." + "1" * 20).replace(",", "") == "1" * 30 + "." + "1" * 20
    assert render("{{ sum|money('EUR') }}", sum=f"{'9' * 30}.994").replace(",", "") == "€" + "9" * 30 + ".99"


def test_an_amount_that_is_rounded_to_zero_has_no_minus() -> None:
    assert render("{{ -0.004|money('EUR') }} {{ -0.006|money('EUR') }} {{ -0.4|number(0) }}") == "€0.00 -€0.01 0"


def test_a_fraction_has_at_most_twenty_digits() -> None:
    assert render("{{ 1 | number(40) }}") == "1." + "0" * 20


def test_a_zone_from_an_absent_optional_variable_is_utc_and_an_undefined_name_is_an_error() -> None:
    assert render("{{ '2026-11-24T23:30:00' | time(zone=value) }}") == "11:30 PM"
    with pytest.raises(PermanentError, match="Undefined variable: 'nowhere' is undefined"):
        render("{{ '2026-11-24T23:30:00' | time(zone=nowhere) }}")
