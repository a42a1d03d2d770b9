"""The inbox's server: whom it answers, with what, and how its answers keep a mail's content in its place."""

from __future__ import annotations

import http.client
import json
import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from localcloud.emulator import Emulator
from localcloud.inbox import process
from localcloud.inbox.message import OpenedMail
from localcloud.inbox.records import Records
from sesmail_cli.web.server import LocalServer
from sesmail_layer.domain.record.statuses import Status
from tests.browser.local_mail import ADA, TABLE, LocalMail, email

DELIVERED = (Status.SENT, Status.DELIVERED)


class Answer:
    """An HTTP answer, read."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.content = response.read()
        self.text = self.content.decode("utf-8", "replace")


def ask(server: LocalServer, path: str = "", method: str = "GET", *, token: bool = True, **headers: str) -> Answer:
    """Make a request; headers by their names with `_` for `-`."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=20)
    try:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, (server.base if token else "/") + path, headers=given)
        return Answer(connection.getresponse())
    finally:
        connection.close()


def listed(server: LocalServer, query: str = "") -> list[str]:
    """List the subjects on a page of the list."""
    return re.findall(r'<a id="m-\d+" href="[^"]+/mail/[^"]+"><bdi>(.*?)</bdi></a>', ask(server, query).text)


# --- who gets an answer -----------------------------------------------------------------------------------------


def test_the_whole_url_opens_the_inbox(inbox: LocalServer) -> None:
    answer = ask(inbox)
    assert (answer.status, "Waiting for the first email" in answer.text) == (200, True)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("", {}),
        ("rows", {}),
        ("another-token/", {}),
        ("the-token", {}),
        ("the-token-and-more/", {}),
        ("the-token/", {"Host": "inbox.example:80"}),
        ("the-token/", {"Host": "localhost.attacker.example"}),
        ("the-token/", {"Origin": "https://attacker.example"}),
        ("the-token/", {"Origin": "null"}),
        ("the-token/", {"Sec_Fetch_Site": "cross-site"}),
        ("the-token/", {"Sec_Fetch_Site": "same-site"}),
    ],
)
def test_a_request_without_the_token_by_another_name_or_of_another_site_is_refused(
    inbox: LocalServer, local_mail: LocalMail, path: str, headers: dict[str, str]
) -> None:
    local_mail.send(email("A secret"))
    answer = ask(inbox, path, token=False, **headers)
    assert (answer.status, "A secret" in answer.text) == (403, False)


@pytest.mark.parametrize("origin", [None, "null", "https://attacker.example", "http://127.0.0.1:1"])
def test_only_the_page_itself_can_clear_the_inbox(
    inbox: LocalServer, local_mail: LocalMail, origin: str | None
) -> None:
    local_mail.send(email("Kept"))
    refused = ask(inbox, "clear", "POST") if origin is None else ask(inbox, "clear", "POST", Origin=origin)
    assert refused.status == 403
    assert ask(inbox, "clear").status == 404
    assert listed(inbox) == ["Kept"]
    assert ask(inbox, "clear", "POST", Origin=inbox.origin).status == 303
    assert listed(inbox) == []
    local_mail.send(email("After"))
    assert listed(inbox) == ["After"]


def test_every_page_forbids_what_a_mail_could_bring(inbox: LocalServer, local_mail: LocalMail) -> None:
    sent = local_mail.send(email(html="<p>Hi"))
    for path in ("", "rows", f"mail/{sent}", f"mail/{sent}/story", "design/design.css", "inbox.js", "nothing"):
        headers = ask(inbox, path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy, path
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert (headers["X-Content-Type-Options"], headers["Access-Control-Allow-Origin"]) == ("nosniff", None)
        assert headers["Cache-Control"] == "no-store"


def test_the_frame_runs_and_loads_nothing_but_images_on_request(inbox: LocalServer, local_mail: LocalMail) -> None:
    sent = local_mail.send(email(html='<img src="https://x.example/a.png"><p>Hi'))
    policy = ask(inbox, f"mail/{sent}/frame").headers["Content-Security-Policy"]
    assert "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'" in policy
    assert "frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox" in policy
    with_images = ask(inbox, f"mail/{sent}/frame?images=1").headers
    assert "img-src data: https: http:;" in with_images["Content-Security-Policy"]
    assert with_images["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("path", ["mail/%2e%2e%2fapp.py", "design/..%2fserver.py", "design/../server.py", "app.py"])
def test_no_other_file_is_served(inbox: LocalServer, path: str) -> None:
    assert ask(inbox, path).status == 404


# --- what it answers ---------------------------------------------------------------------------------------------


def test_an_attachment_is_saved_never_shown_whatever_its_name_and_type(
    inbox: LocalServer, local_mail: LocalMail
) -> None:
    message = email("With a page")
    hostile = 'x"; filename=evil.html\r\n/../\u202efdp.html'.replace("\r\n", "")
    message.add_attachment(b"<script>alert(1)</script>", "text", "html", filename=hostile)
    answer = ask(inbox, f"mail/{local_mail.send(message)}/attachments/1")
    assert answer.content == b"<script>alert(1)</script>"
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith('attachment; filename="x__ filename_evil.html')
    assert disposition.count('"') == 2
    assert "/" not in disposition
    assert quote("[U+202E]") in disposition


def test_the_whole_message_can_be_saved(inbox: LocalServer, local_mail: LocalMail) -> None:
    message = email("Saved")
    answer = ask(inbox, f"mail/{local_mail.send(message)}/raw")
    assert answer.content == message.as_bytes()
    assert answer.headers["Content-Disposition"].endswith(".eml")


def test_the_list_has_the_newest_first_with_its_status(inbox: LocalServer, local_mail: LocalMail) -> None:
    local_mail.send(email("First"), *DELIVERED, template="invoice", source="billing")
    local_mail.send(email("Second"), Status.SENT, Status.BOUNCED)
    assert listed(inbox) == ["Second", "First"]
    page = ask(inbox).text
    assert re.findall(r'<span class="badge badge-(\w+)">', page) == ["bad", "good"]
    assert "<bdi>invoice</bdi>" in page
    assert "<bdi>billing</bdi>" in page


def test_the_statuses_of_a_page_are_one_read(
    inbox: LocalServer, local_mail: LocalMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(12):
        local_mail.send(email(f"Mail {number}"), *DELIVERED)
    reads: list[int] = []
    whole = Records.get_many

    def counted(self: Records, ids: Any) -> Any:
        reads.append(len(list(ids)))
        return whole(self, ids)

    monkeypatch.setattr(Records, "get_many", counted)
    assert len(listed(inbox)) == 12
    assert reads == [12]


def test_without_a_table_the_mail_is_shown_nevertheless(inbox: LocalServer, local_mail: LocalMail) -> None:
    assert Records(local_mail.emulator, "").get_many(["a"]) == {}
    assert Records(local_mail.emulator, "no-such-table").get_many(["a"]) == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("invoice", ["Your bill"]),
        ("BILL", ["Your bill"]),
        ("grace@", ["For Grace"]),
        ("order-77", ["For Grace"]),
        ("shop.orders", ["For Grace"]),
        ("secret word", ["Your bill"]),
        ("<script>", []),
    ],
)
def test_the_search_finds_what_the_list_shows(
    inbox: LocalServer, local_mail: LocalMail, text: str, found: list[str]
) -> None:
    local_mail.send(email("Your bill", html="<p>The secret word"), template="invoice", source="billing")
    local_mail.send(email("For Grace"), recipients=("grace@example.org",), email_id="order-77")
    assert listed(inbox, f"?q={quote(text)}") == found


def test_a_thousand_mails_are_paged_fast_and_new_mail_moves_no_page(inbox: LocalServer, local_mail: LocalMail) -> None:
    for number in range(1000):
        local_mail.send(email(f"Mail {number:03d}"))
    ask(inbox)
    started = time.monotonic()
    page = ask(inbox).text
    assert time.monotonic() - started < 1
    assert "1–50 of 1,000" in page
    [older] = re.findall(r'rel="next" href="[^"?]*(\?[^"]+)"', page)
    assert listed(inbox, older)[0] == "Mail 949"
    local_mail.send(email("One more"))
    assert listed(inbox, older)[0] == "Mail 949"
    second = ask(inbox, older).text
    assert "52–101 of 1,001" in second
    [newer] = re.findall(r'rel="prev" href="([^"]+)"', second)
    assert listed(inbox, newer.removeprefix(inbox.base))[0] == "Mail 999"


def test_a_reset_of_the_local_cloud_empties_the_list(inbox: LocalServer, local_mail: LocalMail) -> None:
    local_mail.send(email("Before"))
    assert listed(inbox) == ["Before"]
    local_mail.forget()
    local_mail.send(email("After"))
    assert listed(inbox) == ["After"]


def test_a_bcc_and_a_redirected_recipient_are_named(inbox: LocalServer, local_mail: LocalMail) -> None:
    message = email("Copies", Cc="Grace <GRACE@example.org>", X_Original_To="customer@example.net")
    sent = local_mail.send(message, recipients=(ADA, "grace@example.org", "hidden@example.org"))
    page = ask(inbox, f"mail/{sent}").text
    envelope = page[page.index("envelope-title") :]
    for kind, address in (("To", ADA), ("Cc", "grace@example.org"), ("Bcc", "hidden@example.org")):
        assert f"<dt>{kind}</dt><dd><bdi>{address}</bdi></dd>" in envelope
    assert "Redirected from (To)" in envelope
    assert "customer@example.net" in envelope


def test_a_malformed_message_is_shown_as_far_as_it_can_be_read(inbox: LocalServer, local_mail: LocalMail) -> None:
    raw = (
        b"From: \xff\xfe <shop@example.com>\r\nTo: ada@example.org\r\nSubject: =?no-such-charset?q?Hi?= \x1b[31mred\r\n"
        b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html; charset=none\r\n\r\n'
        b"<p>Hi\r\n"
        b'--b\r\nContent-Type: application/x; name="=?broken\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!\r\n--b--'
    )
    sent = local_mail.send(raw)
    for view in ("html", "text", "source", "headers", "attachments"):
        answer = ask(inbox, f"mail/{sent}?view={view}")
        assert answer.status == 200, view
        assert "\x1b" not in answer.text
        assert "␛[31mred" in answer.text


def test_a_mail_that_the_parser_fails_on_hides_no_other(
    inbox: LocalServer, local_mail: LocalMail, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The standard library's parser is known to fail on some malformed headers with whatever error comes up."""
    read = OpenedMail.header

    def failing(self: OpenedMail, name: str) -> str:
        if b"Broken" in self.mail.raw:
            raise IndexError
        return read(self, name)

    monkeypatch.setattr(OpenedMail, "header", failing)
    broken = email("Broken")
    sent = local_mail.send(broken)
    local_mail.send(email("Fine"))
    assert listed(inbox) == ["Fine", "(this email cannot be parsed)"]
    page = ask(inbox, f"mail/{sent}")
    assert (page.status, "This email cannot be parsed" in page.text) == (200, True)
    assert ask(inbox, f"mail/{sent}/raw").content == broken.as_bytes()


def test_a_local_cloud_that_has_ended_is_said_to_have_ended(local_mail: LocalMail) -> None:
    gone = Emulator("http://127.0.0.1:9", "ministack")
    inbox = process.start(gone, TABLE)
    try:
        connection = http.client.HTTPConnection(inbox.url.split("/")[2], timeout=20)
        connection.request("GET", "/" + inbox.url.split("/", 3)[3])
        answer = Answer(connection.getresponse())
        connection.close()
        assert answer.status == 503
        assert "The local cloud does not answer" in answer.text
    finally:
        inbox.stop()


def test_the_process_prints_no_token_in_its_command_and_stops(local_mail: LocalMail) -> None:
    inbox = process.start(local_mail.emulator, TABLE)
    token = inbox.url.rstrip("/").rpartition("/")[2]
    assert len(token) >= 32
    command = Path(f"/proc/{inbox.pid}/cmdline").read_text()
    assert token not in command
    inbox.stop()
    with pytest.raises(ConnectionRefusedError):
        http.client.HTTPConnection(inbox.url.split("/")[2], timeout=5).connect()


def test_the_rows_for_the_open_page_come_as_json(inbox: LocalServer, local_mail: LocalMail) -> None:
    local_mail.send(email("One"))
    answer = json.loads(ask(inbox, "rows").text)
    assert answer["total"] == 1
    assert "<bdi>One</bdi>" in answer["html"]
    assert "<html" not in answer["html"]
