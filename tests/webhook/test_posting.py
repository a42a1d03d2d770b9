"""`post`: one call, to public addresses only, with verified TLS, without redirects."""

from __future__ import annotations

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sesmail_webhook import posting
from sesmail_webhook.posting import PostError, is_public, post
from tests.webhook.receiver import SILENT, receiving


def test_the_body_the_headers_and_the_query_arrive_as_given() -> None:
    with receiving() as receiver:
        status = post(f"{receiver.url}/email?team=shop", "{é}", {"webhook-id": "a"}, 5, allow_private=True)
        [call] = receiver.calls
    assert status == 204
    assert (call.path, call.body) == ("/email?team=shop", "{é}")
    assert (call.headers["webhook-id"], call.headers["host"]) == ("a", f"127.0.0.1:{receiver.port}")


def test_a_url_without_a_path_is_the_root() -> None:
    with receiving() as receiver:
        post(receiver.url, "", {}, 5, allow_private=True)
        assert receiver.calls[0].path == "/"


def test_a_redirect_is_not_followed() -> None:
    with receiving(lambda _: 307) as receiver:
        assert post(receiver.url, "", {}, 5, allow_private=True) == 307
        assert len(receiver.calls) == 1


def test_a_silent_receiver_ends_the_call() -> None:
    with receiving(lambda _: SILENT) as receiver, pytest.raises(PostError, match=r"^TimeoutError$"):
        post(receiver.url, "", {}, 0.1, allow_private=True)


def test_no_receiver_is_an_error_that_names_neither_url_nor_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(PostError, match=r"^ConnectionRefusedError$"):
        post(f"http://127.0.0.1:{port}/secret", "", {}, 5, allow_private=True)


def test_an_answer_that_is_not_http_is_an_error() -> None:
    with receiving(lambda _: 99) as receiver, pytest.raises(PostError, match=r"^BadStatusLine$"):
        post(receiver.url, "", {}, 5, allow_private=True)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",  # instance metadata, and Lambda's own API
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00:ec2::254",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::127.0.0.1",
        "::ffff:0:7f00:1",
        "fec0::1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "2001:0:a00:1::",
    ],
)
def test_an_address_inside_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(address)


def test_nothing_is_sent_to_a_private_address() -> None:
    with receiving() as receiver:
        with pytest.raises(PostError, match=r"^PrivateAddress$"):
            post(receiver.url, "", {}, 5)
        assert receiver.calls == []


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Let every name have these addresses; return the names that are asked for."""
    asked = []

    def found(host: str, port: int, *_args: Any, **_more: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    return asked


def test_a_name_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, "93.184.216.34", "10.0.0.1")
    with pytest.raises(PostError, match=r"^PrivateAddress$"):
        post("https://hooks.example.com/", "", {}, 5)


def test_a_name_is_resolved_once_so_that_it_cannot_change_after_the_check(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = resolve_to(monkeypatch, "93.184.216.34")
    connected = []

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(PostError, match=r"^ConnectionRefusedError$"):
        post("https://hooks.example.com/", "", {}, 5)
    assert (asked, connected) == (["hooks.example.com"], [("93.184.216.34", 443)])


def test_the_next_address_is_tried_where_one_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as receiver:
        resolve_to(monkeypatch, "127.0.0.2", "127.0.0.1")
        assert post(f"http://hooks.example.com:{receiver.port}/", "", {}, 5, allow_private=True) == 204
        assert receiver.calls[0].headers["host"] == f"hooks.example.com:{receiver.port}"


@pytest.mark.parametrize("host", ["a" * 64 + ".example.com", "missing.invalid"])
def test_a_name_without_an_address_is_an_error(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def not_found(host: str, *_args: Any, **_more: Any) -> list[Any]:
        host.encode("idna")
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", not_found)
    with pytest.raises(PostError, match=r"^(UnicodeError|UnicodeEncodeError|gaierror)$"):
        post(f"https://{host}/", "", {}, 5)


def test_a_url_that_cannot_be_called_is_an_error() -> None:
    with pytest.raises(PostError, match=r"^ValueError$"):
        post("https://hooks.example.com:99999/", "", {}, 5)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for hooks.example.com that is signed by itself."""
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-keyout", str(key), "-out", str(cert), "-days", "2", "-subj", "/CN=hooks.example.com"]
    command += ["-addext", "subjectAltName=DNS:hooks.example.com"]
    subprocess.run(command, check=True, capture_output=True)
    return cert, key


@pytest.fixture
def secure_port(certificate: tuple[Path, Path]) -> Iterator[int]:
    """A server on 127.0.0.1 that answers one call over TLS with 204."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)

    def serve() -> None:
        try:
            with context.wrap_socket(server.accept()[0], server_side=True) as connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        except OSError:  # the client does not trust the certificate
            pass

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def trust(monkeypatch: pytest.MonkeyPatch, cert: Path) -> None:
    monkeypatch.setattr(posting, "_tls", lambda: ssl.create_default_context(cafile=str(cert)))


def test_tls_checks_the_name_of_the_url(
    monkeypatch: pytest.MonkeyPatch, certificate: tuple[Path, Path], secure_port: int
) -> None:
    trust(monkeypatch, certificate[0])
    resolve_to(monkeypatch, "127.0.0.1")
    assert post(f"https://hooks.example.com:{secure_port}/", "", {}, 5, allow_private=True) == 204


def test_a_certificate_of_another_name_is_refused(
    monkeypatch: pytest.MonkeyPatch, certificate: tuple[Path, Path], secure_port: int
) -> None:
    trust(monkeypatch, certificate[0])
    resolve_to(monkeypatch, "127.0.0.1")
    with pytest.raises(PostError, match=r"^SSLCertVerificationError$"):
        post(f"https://other.example.com:{secure_port}/", "", {}, 5, allow_private=True)


def test_a_certificate_that_no_authority_signed_is_refused(monkeypatch: pytest.MonkeyPatch, secure_port: int) -> None:
    resolve_to(monkeypatch, "127.0.0.1")
    with pytest.raises(PostError, match=r"^SSLCertVerificationError$"):
        post(f"https://hooks.example.com:{secure_port}/", "", {}, 5, allow_private=True)
