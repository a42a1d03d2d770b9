"""`sesmail suppression export`, and that `import` reads it back as it was."""

from __future__ import annotations

import csv
import io
import json
import stat
import tracemalloc
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sesmail_cli.operator.suppression_export import COLUMNS, Format, is_export, own_rows, write_entries
from sesmail_cli.operator.suppression_files import open_listing
from sesmail_cli.operator.suppression_import import import_listing
from sesmail_cli.operator.suppression_sources import Options, Source
from sesmail_layer.domain.guards.suppression import SUPPRESSION_TYPES, Suppression, SuppressionReason
from sesmail_layer.domain.plain_text import CONTROLS
from sesmail_layer.domain.times import utc_text
from tests.cli.conftest import ADA, MotoEngine, ago, sesmail, sesmail_json

NOW = 1_795_516_260.0


class MemoryTable:
    """A suppression table in memory, with the engine's rule for two entries of one address."""

    def __init__(self) -> None:
        self.entries: dict[str, Suppression] = {}

    def get_many(self, addresses: Any) -> Mapping[str, Suppression]:
        return {address: self.entries[address] for address in addresses if address in self.entries}

    def add(self, suppression: Suppression) -> None:
        found = self.entries.get(suppression.email)
        self.entries[suppression.email] = suppression if found is None else found.joined(suppression)


def read_back(path: Path, table: MemoryTable) -> Any:
    with open_listing(path) as listing:
        options = Options(Source.CSV, None, NOW, default_source=None if is_export(listing) else "import:csv")
        return import_listing(own_rows(listing), options, table, dry_run=False, rejected=None, progress=lambda _: None)


def test_a_csv_export_has_all_columns(engine: MotoEngine) -> None:
    engine.suppress(email_id="order-1", source="shop", bounce_sub_type="General", diagnostic_code='550 "no", sorry')

    result = sesmail("suppression", "export")

    [row] = csv.DictReader(io.StringIO(result.stdout))
    assert tuple(row) == COLUMNS
    assert (row["email"], row["reason"], row["diagnosticCode"]) == (ADA, "hard-bounce", '550 "no", sorry')
    assert "Exported 1 addresses." in result.stderr


def test_json_lines_have_the_attributes_of_the_record(engine: MotoEngine) -> None:
    engine.suppress(SuppressionReason.MANUAL)

    assert json.loads(sesmail("suppression", "export", "--format", "jsonl").stdout) == {
        "email": ADA,
        "suppressionType": "manual",
        "reason": "manual",
        "addedToSuppressionDate": "2026-11-24T10:31:00.000Z",
    }


def test_an_expired_entry_is_left_out(engine: MotoEngine) -> None:
    engine.suppress(expires_at=ago(1))

    assert sesmail("suppression", "export", "--format", "jsonl").stdout == ""


def test_a_file_is_readable_by_its_owner_alone(engine: MotoEngine, tmp_path: Path) -> None:
    engine.suppress()
    path = tmp_path / "list.csv"

    answer = sesmail_json("suppression", "export", "--output", str(path))

    assert answer == {"exported": 1, "output": str(path)}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("form", list(Format))
def test_no_control_characters_and_no_formulas_leave(engine: MotoEngine, form: Format) -> None:
    engine.suppress(diagnostic_code="=HYPERLINK(1)\x1b[31m\nred", email="+ada@example.com")

    text = sesmail("suppression", "export", "--format", form).stdout

    assert "\x1b" not in text
    if form is Format.CSV:
        [row] = csv.reader(text.splitlines()[1:])
        assert row[0] == "'+ada@example.com"
        assert row[COLUMNS.index("diagnosticCode")] == "'=HYPERLINK(1) [31m red"


def test_an_export_is_imported_as_it_was(engine: MotoEngine, tmp_path: Path) -> None:
    engine.suppress(email_id="order-1", source="shop", diagnostic_code="-550 'x'")
    engine.suppress(SuppressionReason.UNSUBSCRIBE, email="b@example.com")
    [tombstone, *_] = engine.keys().tombstones_of("erased@example.com")
    engine.suppress(SuppressionReason.SPAM_COMPLAINT, email=tombstone)
    path = tmp_path / "list.csv"
    sesmail("suppression", "export", "--output", str(path))
    before = engine.items("Suppression")
    for item in before:
        engine.dynamodb.delete_item(TableName="sesmailengine-Suppression", Key={"email": item["email"]})

    answer = sesmail_json("suppression", "import", str(path), "--from", "csv")

    assert answer["result"]["added"] == 3
    assert sorted(map(str, engine.items("Suppression"))) == sorted(map(str, before))
    assert sesmail_json("suppression", "import", str(path), "--from", "csv")["result"]["alreadyThere"] == 3


_PLAIN = st.text(st.characters(exclude_categories=["Cs"])).map(lambda text: CONTROLS.sub("", text).strip()).filter(bool)
_TEXTS = st.none() | _PLAIN | st.sampled_from(["=1+1", "'=x", "''", "+1", "-1", "@x", '"', ",", ";", "'"])
_TIMES = st.integers(1, int(NOW)).map(float).map(utc_text)


@st.composite
def entries(draw: st.DrawFn) -> Suppression:
    reason = draw(st.sampled_from(list(SuppressionReason)))
    expires = draw(st.none() | st.integers(int(NOW) + 1, int(NOW) + 10**8))
    return Suppression(
        email=draw(st.from_regex(r"[a-z+'=-][a-z0-9+'-]{0,20}@[a-z][a-z0-9]{1,10}\.(com|example)", fullmatch=True)),
        suppression_type=SUPPRESSION_TYPES[reason],
        reason=reason,
        added_to_suppression_date=draw(_TIMES),
        email_id=draw(_TEXTS),
        ses_message_id=draw(_TEXTS),
        source=draw(_TEXTS),
        bounce_sub_type=draw(_TEXTS),
        diagnostic_code=draw(_TEXTS),
        expires_at=None if expires is None else utc_text(expires),
        ttl=expires,
    )


@pytest.mark.parametrize("form", list(Format))
@given(listed=st.lists(entries(), max_size=5, unique_by=lambda entry: entry.email))
def test_the_import_of_an_export_gives_the_same_table(
    tmp_path_factory: pytest.TempPathFactory, form: Format, listed: list[Suppression]
) -> None:
    path = tmp_path_factory.getbasetemp() / f"property.{form}"
    with path.open("w", newline="") as file:
        assert write_entries(iter(listed), file, form) == len(listed)
    table = MemoryTable()
    if listed:
        result = read_back(path, table)
        assert (result.added, result.refused) == (len(listed), 0)

    assert table.entries == {entry.email: entry for entry in listed}


@pytest.mark.parametrize("form", list(Format))
def test_memory_does_not_grow_with_the_rows(tmp_path: Path, form: Format) -> None:
    first = Suppression(
        email=ADA, suppression_type="bounce", reason=SuppressionReason.HARD_BOUNCE, added_to_suppression_date="x"
    )
    path = tmp_path / "large"
    with path.open("w", newline="") as file:
        numbered = (msgspec.structs.replace(first, email=f"a{number}@example.com") for number in range(20_000))
        write_entries(numbered, file, form)
    table = Forgetful()

    tracemalloc.start()
    result = read_back(path, table)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert result.added == table.added == 20_000
    assert peak < 5_000_000


class Forgetful(MemoryTable):
    """Counts what it is given, so that it needs no memory itself."""

    added = 0

    def add(self, suppression: Suppression) -> None:
        self.added += 1
