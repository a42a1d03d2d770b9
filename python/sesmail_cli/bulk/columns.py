"""Which column of a file fills which variable of a template, and which field of the request."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sesmail_cli.bulk.rows import Row
from sesmail_cli.operator.command import UsageError
from sesmail_cli.operator.suppression_files import column_name
from sesmail_layer.domain.request.addresses import masked
from sesmail_layer.domain.template.templates import TemplateMetadata

_ADDRESS_COLUMNS = ("email", "to", "emailaddress", "mail", "recipient")
# Fields of the request that a column may fill, apart from the template's variables.
TO = "to"
LOCALE = "locale"


@dataclass(frozen=True)
class Columns:
    """The columns that are used, by the names that rows have."""

    to: Sequence[str]
    """The first of these that a row has."""
    variables: Mapping[str, str]
    """A column by the variable that it fills."""
    required: Sequence[str]
    """Variables that every row needs, since nothing else fills them."""
    key: str | None = None
    unused: Sequence[str] = ()
    """Columns of the file that no variable takes, as they are in the file."""

    def address(self, row: Row) -> Any:
        return next((row.values[name] for name in self.to if name in row.values), None)

    def data(self, row: Row) -> dict[str, Any]:
        return {variable: row.values[column] for variable, column in self.variables.items() if column in row.values}


def read_map(given: Sequence[str]) -> dict[str, str]:
    """Parse `--map userName=First Name`. Raises UsageError."""
    found = {}
    for text in given:
        variable, _, column = text.partition("=")
        if not variable or not column_name(column):
            raise UsageError(f"--map: found {text!r}; allowed: VARIABLE=COLUMN, such as userName=First Name")
        found[variable] = column
    return found


def match_columns(
    columns: Sequence[str] | None,
    metadata: TemplateMetadata,
    mapped: Mapping[str, str],
    *,
    key: str | None,
    filled: Collection[str],
) -> Columns:
    """Match a file's columns to a template's variables by name, in whatever writing; `mapped` comes first.

    `columns` None: not known before the rows are read. `filled` are the variables that have a value without the file.
    Raises UsageError for a column that does not exist, and for a required variable without one.
    """
    given = [*mapped.values(), *([key] if key else [])]
    for column in given if columns is not None else ():
        if column_name(column) not in map(column_name, columns or ()):
            raise UsageError(f"There is no column {column!r}. Found: {_listed(columns or ())}.")
    declared = [*metadata.required_variables, *metadata.optional_variables]
    variables = {variable: column_name(variable) for variable in declared}
    variables |= {variable: column_name(column) for variable, column in mapped.items() if variable != TO}
    variables.setdefault(LOCALE, LOCALE)
    found = Columns(
        to=[column_name(mapped[TO])] if TO in mapped else _ADDRESS_COLUMNS,
        variables=variables,
        required=[variable for variable in metadata.required_variables if variable not in filled],
        key=column_name(key) if key else None,
    )
    return found if columns is None else _checked(found, columns)


def _checked(found: Columns, columns: Sequence[str]) -> Columns:
    names = {column_name(column): column for column in columns}
    if not any(name in names for name in found.to):
        raise UsageError(f"No column has the addresses. Found: {_listed(columns)}. Name it: --map to=COLUMN")
    missing = [variable for variable in found.required if found.variables[variable] not in names]
    if missing:
        close = difflib.get_close_matches(found.variables[missing[0]], names, n=1, cutoff=0.5)
        column = names[close[0]] if close else "COLUMN"
        raise UsageError(
            f"The template requires {', '.join(missing)}, which no column has. Found: {_listed(columns)}. "
            f"Name the column (--map {missing[0]}={column}), or give one value for all rows with --data."
        )
    to = [name for name in found.to if name in names][:1]
    used = {*to, *found.variables.values(), *([found.key] if found.key else [])}
    unused = [column for name, column in names.items() if name not in used]
    return Columns(to, found.variables, found.required, found.key, unused)


def _listed(columns: Sequence[str]) -> str:
    """List columns; a file without a header has addresses there."""
    return ", ".join(masked(column) if "@" in column else column or "(no name)" for column in columns)
