"""The part of SES's API v2 that operators need and moto lacks, over HTTP: the account and its suppression list.

https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetSuppressedDestination.html
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

_LIST = "/v2/email/suppression/addresses/"


class SesV2:
    """Listens on a free port, for `AWS_ENDPOINT_URL_SESV2`."""

    def __init__(self) -> None:
        self.reset()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def reset(self) -> None:
        self.suppressed: dict[str, str] = {}
        self.page_size = 1_000
        self.account: dict[str, Any] = {"SendingEnabled": True, "EnforcementStatus": "HEALTHY"}
        self.filed: list[dict[str, Any]] = []
        """What PutAccountDetails was given."""
        self.rejects: tuple[int, str] | None = None
        """The HTTP status and error code of every response."""
        self.denies: frozenset[str] = frozenset()
        """The HTTP methods that are denied."""

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, path: str, given: bytes = b"") -> tuple[int, dict[str, Any], str]:
        """(HTTP status, body, error code)."""
        if self.rejects:
            status, code = self.rejects
            return status, {"message": "rejected"}, code
        if method in self.denies:
            return 403, {"message": "User is not authorized to perform this"}, "AccessDeniedException"
        if path == "/v2/email/account":
            return 200, self.account, ""
        if path == "/v2/email/account/details":
            if self.account.get("Details"):
                return 409, {"message": "There is already an ongoing account details update under review."}, _CONFLICT
            self.filed.append(json.loads(given))
            return 200, {}, ""
        if path.partition("?")[0] == _LIST.rstrip("/"):
            return 200, self._page(int(parse_qs(urlsplit(path).query).get("NextToken", ["0"])[0])), ""
        if not path.startswith(_LIST):
            return 404, {"message": f"{path} does not exist."}, _NOT_FOUND
        address = unquote(path.removeprefix(_LIST))
        if address not in self.suppressed:
            return 404, {"message": f"Email address {address} does not exist on your suppression list."}, _NOT_FOUND
        if method == "DELETE":
            del self.suppressed[address]
            return 200, {}, ""
        found = {"EmailAddress": address, "Reason": self.suppressed[address], "LastUpdateTime": 1_795_516_260}
        return 200, {"SuppressedDestination": found}, ""

    def _page(self, start: int) -> dict[str, Any]:
        entries = [
            {"EmailAddress": address, "Reason": reason, "LastUpdateTime": 1_795_516_260}
            for address, reason in self.suppressed.items()
        ]
        end = start + self.page_size
        return {"SuppressedDestinationSummaries": entries[start:end]} | (
            {"NextToken": str(end)} if end < len(entries) else {}
        )

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                given = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, body, code = server.answer(self.command, self.path, given)
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                if code:
                    self.send_header("x-amzn-ErrorType", code)
                self.end_headers()
                self.wfile.write(content)

            do_DELETE = do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None:
                """Log nothing."""

        return Handler


_NOT_FOUND, _CONFLICT = "NotFoundException", "ConflictException"
