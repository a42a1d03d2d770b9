"""SES's own suppression list of the account, as a list to import."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sesmail_cli.operator.suppression_files import Listing, Row, column_name

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

PAGE_SIZE = 1_000
"""The most that SES gives at once."""
_COLUMNS = ("EmailAddress", "Reason", "LastUpdateTime")


class AccountList:
    """Reads the list, page by page; with `most_pages`, only so many.

    https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_ListSuppressedDestinations.html
    """

    def __init__(self, client: SESV2Client, *, most_pages: int | None = None) -> None:
        self._client = client
        self._most_pages = most_pages
        self.has_more = False
        """True once it was read, and the list goes on after that."""

    @property
    def listing(self) -> Listing:
        """The rows, read as they are asked for. Raises botocore's errors then."""
        return Listing(_COLUMNS, self._rows(), [column_name(name) for name in _COLUMNS])

    def _rows(self) -> Iterator[Row]:
        number, pages, token = 0, 0, ""
        while pages == 0 or token:
            if pages == self._most_pages:
                self.has_more = True
                return
            more: Any = {"NextToken": token} if token else {}
            page = self._client.list_suppressed_destinations(PageSize=PAGE_SIZE, **more)
            pages += 1
            for entry in page.get("SuppressedDestinationSummaries", ()):
                number += 1
                values = {
                    "emailaddress": entry["EmailAddress"],
                    "reason": entry["Reason"],
                    "lastupdatetime": entry["LastUpdateTime"].isoformat(),
                }
                yield Row(number, values, list(values.values()))
            token = page.get("NextToken", "")
