"""Import a suppression list in the console: a file or pasted rows, first counted, then written."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import NamedTuple

from sesmail_cli.console.actions import Action, Fields, Plan, Result, Rows
from sesmail_cli.console.suppressions import PLACE
from sesmail_cli.console.uploads import Upload, Uploads
from sesmail_cli.console.view import Route, View
from sesmail_cli.operator.command import UsageError
from sesmail_cli.operator.suppression_account import AccountList
from sesmail_cli.operator.suppression_export import is_export, own_rows
from sesmail_cli.operator.suppression_files import Listing, open_listing
from sesmail_cli.operator.suppression_import import ImportResult, Table, import_listing
from sesmail_cli.operator.suppression_sources import FIELDS, ListKind, Options, Source, kind_of
from sesmail_cli.web.server import Response
from sesmail_layer.domain.guards.suppression import Suppression, SuppressionReason
from sesmail_layer.domain.request.addresses import masked

_SOURCES = {source.value: source for source in Source}
_OF_FILES = [source.value for source in Source if source is not Source.SES_ACCOUNT]
_COMPARED = 100
"""Addresses that a plan looks up, which takes two requests, or three while a key is being rotated."""
_COMPARED_OF_ACCOUNT = 50
"""The same of SES's own list: its first page takes one request."""
_SHOWN_ROWS = 10


class _Given(NamedTuple):
    """What to import; SES's own list has no file."""

    upload_id: str
    upload: Upload | None
    source: Source
    kind: ListKind | None
    include_transient: bool

    @property
    def name(self) -> str:
        return self.upload.name if self.upload else "SES’s own list of the account"


class _FirstBatch:
    """A table that answers for the first addresses only, and refuses to be written."""

    def __init__(self, table: Table, most: int) -> None:
        self._table = table
        self._most = most
        self.compared = 0

    def get_many(self, addresses: Collection[str]) -> Mapping[str, Suppression]:
        if self.compared:
            return {}
        some = list(addresses)[: self._most]
        self.compared = len(some)
        return self._table.get_many(some)

    def add(self, suppression: Suppression) -> None:
        raise AssertionError(f"a plan writes nothing, also no {suppression.reason}")


class ImportPages:
    """The form, the upload of a file, and the action."""

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads

    @property
    def routes(self) -> tuple[Route, ...]:
        return ((f"{PLACE.path}/import", self.show),)

    @property
    def posts(self) -> tuple[Route, ...]:
        return ((f"{PLACE.path}/upload", self.upload),)

    @property
    def actions(self) -> tuple[Action, ...]:
        return (Action("suppressions-import", self.plan, self.run),)

    def show(self, view: View) -> Response:
        return view.page(
            "suppression-import.html",
            place=PLACE.path,
            sources=_OF_FILES,
            kinds=[kind.value for kind in ListKind],
            own_list=view.url("actions/suppressions-import", **{"from": Source.SES_ACCOUNT.value}),
        )

    def upload(self, view: View) -> Response:
        """Keep a file's bytes as they are; answer with its id."""
        name = view.request.query.get("name", "")
        return Response(json.dumps({"id": self._uploads.keep(view.request.body, name)}), "application/json")

    def plan(self, view: View, fields: Fields) -> Plan:
        given = self._given(fields)
        table = _FirstBatch(view.engine.suppression, _COMPARED if given.upload else _COMPARED_OF_ACCOUNT)
        account = AccountList(view.engine.sesv2, most_pages=1)
        result = _import(view, given, table, account, dry_run=True)
        kind = ["--list", given.kind.value] if given.kind else []
        transient = ["--include-transient"] if given.include_transient else []
        options = ["--from", given.source.value, *kind, *transient]
        writes = result.added + result.updated
        return Plan(
            title=f"Import {given.name}?" if writes or account.has_more else "Nothing to import",
            effects=_effects(result, table.compared, has_more=account.has_more),
            # Pasted rows are in no file that a command could read.
            command=""
            if given.upload and not _last(fields, "upload")
            else view.command("suppression", "import", *options, value=given.upload.name if given.upload else ""),
            button="Import the whole list" if account.has_more else f"Import {writes:,} addresses" if writes else "",
            fields={
                "upload": [given.upload_id] if given.upload_id else [],
                "from": [given.source.value],
                "kind": [given.kind.value] if given.kind else [],
                "transient": ["yes"] if given.include_transient else [],
            },
            back=view.url(f"{PLACE.path}/import"),
            place=PLACE.path,
            examples=_refused(result),
        )

    def run(self, view: View, fields: Fields) -> Result:
        given = self._given(fields)
        result = _import(view, given, view.engine.suppression, AccountList(view.engine.sesv2), dry_run=False)
        lines = [
            f"{result.added:,} added, {result.updated:,} updated, {result.already_there:,} were there already.",
            f"{result.duplicates:,} duplicates, {sum(result.skipped.values()):,} skipped, {result.refused:,} rejected.",
        ]
        lines += [f"Line {row.line}: {row.problem} ({row.address})" for row in result.refused_rows[:_SHOWN_ROWS]]
        return Result(
            title=f"Imported {result.added + result.updated:,}",
            lines=lines,
            links=[(view.url(PLACE.path), "All suppressions"), (view.url(f"{PLACE.path}/import"), "Another list")],
            place=PLACE.path,
            attention=bool(result.refused),
        )

    def _given(self, fields: Fields) -> _Given:
        """Read the form; pasted rows are kept as a file. Raises UsageError."""
        source, kind = _last(fields, "from"), _last(fields, "kind")
        if source not in _SOURCES:
            raise UsageError(f"'{source}' is no origin of a list: allowed are {', '.join(_SOURCES)}.")
        if kind and kind not in tuple(ListKind):
            raise UsageError(f"'{kind}' is no kind of list: allowed are {', '.join(ListKind)}.")
        if source == Source.SES_ACCOUNT:
            return _Given("", None, Source.SES_ACCOUNT, None, False)
        upload_id, text = _last(fields, "upload"), _last(fields, "text")
        if not upload_id and not text.strip():
            raise UsageError("There is no list: choose a file, or paste its rows.")
        upload_id = upload_id or self._uploads.keep(text.encode("utf-8", "surrogatepass"), "list.csv")
        return _Given(
            upload_id,
            self._uploads.find(upload_id),
            _SOURCES[source],
            ListKind(kind) if kind else None,
            bool(fields.get("transient")),
        )


def _import(view: View, given: _Given, table: Table, account: AccountList, *, dry_run: bool) -> ImportResult:
    """Import a file, or SES's own list. Raises UsageError, botocore's errors and TransientError."""
    if given.upload is None:
        return _import_listing(view, given, account.listing, table, dry_run=dry_run)
    has_header = None if given.source is Source.CSV else True
    try:
        with open_listing(given.upload.path, has_header=has_header) as listing:
            _check_columns(listing)
            return _import_listing(view, given, listing, table, dry_run=dry_run)
    except UsageError as error:
        raise UsageError(str(error).replace(str(given.upload.path), given.upload.name)) from error


def _import_listing(view: View, given: _Given, listing: Listing, table: Table, *, dry_run: bool) -> ImportResult:
    is_own = given.source is Source.CSV and is_export(listing)
    options = Options(
        source=given.source,
        kind=given.kind or kind_of(given.source, listing.names, given.name),
        now=view.engine.clock.now(),
        reason=SuppressionReason.MANUAL,
        include_transient=given.include_transient,
        default_source=None if is_own else f"import:{given.source}",
    )
    rows = own_rows(listing) if is_own else listing
    return import_listing(rows, options, table, dry_run=dry_run, rejected=None, progress=lambda _text: None)


def _check_columns(listing: Listing) -> None:
    """Raises UsageError where no column has the addresses."""
    if not listing.columns:
        raise UsageError("The list has no rows.")
    if not set(FIELDS["email"]) & set(listing.names):
        found = ", ".join(masked(column) if "@" in column else column for column in listing.columns)
        raise UsageError(
            f"No column has addresses ({', '.join(FIELDS['email'])}). Found: {found[:300]}. Rename the column to "
            "'email', or name it to the command: sesmail suppression import FILE --from csv --column email=NAME"
        )


def _effects(result: ImportResult, compared: int, *, has_more: bool = False) -> list[str]:
    addresses = result.added + result.updated + result.already_there
    parts = [f"{result.duplicates:,} duplicates" if result.duplicates else ""]
    parts += [f"{sum(result.skipped.values()):,} skipped" if result.skipped else ""]
    parts += [f"{result.refused:,} rejected" if result.refused else ""]
    rest = ", ".join(filter(None, parts))
    effects = [f"{result.read:,} rows have {addresses:,} addresses" + (f"; {rest}." if rest else ".")]
    if has_more:
        effects.append(f"The list is longer: these are its first {result.read:,} addresses. All of it is imported.")
    if compared < addresses:
        effects.append(f"Of the first {compared:,}, {result.already_there:,} are suppressed already as the list says.")
        effects.append(f"At most {result.added + result.updated:,} are added or changed.")
    else:
        effects.append(
            f"{result.added:,} are added, {result.updated:,} updated, {result.already_there:,} are there already."
        )
    effects.append("A listed address keeps the stronger reason, the earlier date and the longer time.")
    if count := result.skipped.get("transient"):
        effects.append(f"{count:,} are temporary failures, and not suppressed.")
    if result.unreadable_dates:
        effects.append(f"{result.unreadable_dates:,} dates could not be read: these rows count from now.")
    return effects


def _refused(result: ImportResult) -> Rows | None:
    if not result.refused_rows:
        return None
    rows = [(str(row.line), row.address or "–", row.problem) for row in result.refused_rows[:_SHOWN_ROWS]]
    more = f", the first {_SHOWN_ROWS} of {result.refused:,}" if result.refused > _SHOWN_ROWS else ""
    return Rows(title=f"Rejected rows{more}", columns=("Line", "Address", "Problem"), rows=rows)


def _last(fields: Fields, name: str) -> str:
    return fields.get(name, ("",))[-1]
