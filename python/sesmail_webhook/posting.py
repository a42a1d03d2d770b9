"""One POST to a URL: verified TLS, public addresses only, no redirect followed, the answer's body not read.

A name is resolved once, and the connection goes to an address that was checked: a name that changes its address in
between (DNS rebinding) cannot lead inside.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

# IPv6 networks that lead to an IPv4 address: compatible (RFC 4291), translated (RFC 2765), NAT64 (RFC 6052), 6to4
# (RFC 3056), Teredo (RFC 4380); and the site-local ones of before (RFC 3879).
_INSIDE = tuple(
    ipaddress.ip_network(text)
    for text in ("::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "2002::/16", "2001::/32", "fec0::/10")
)


class PostError(Exception):
    """No answer; the message is a reason without URL or address, such as `TimeoutError`."""


class CallSocket:
    """The socket of one call. Another thread can end it: a receiver that sends a byte at a time holds it for ever."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._ended = False

    def use(self, opened: socket.socket) -> None:
        """Keep a socket; one that comes after the end is shut down at once."""
        with self._lock:
            self._socket = opened
            if self._ended:
                _shut_down(opened)

    def end(self) -> None:
        """Let what the call waits for fail now; its own thread closes the socket."""
        with self._lock:
            self._ended = True
            if self._socket is not None:
                _shut_down(self._socket)


def _shut_down(opened: socket.socket) -> None:
    # It may be closed already, or have no other end any more.
    with contextlib.suppress(OSError):
        # Not SSLSocket's own, which takes the TLS layer from under the thread that reads.
        socket.socket.shutdown(opened, socket.SHUT_RDWR)


def post(
    url: str,
    body: str,
    headers: Mapping[str, str],
    seconds: float,
    allow_private: bool = False,
    call_socket: CallSocket | None = None,
) -> int:
    """Return the answer's status. `seconds` limit each step, `call_socket.end()` the whole. Raises PostError."""
    parts = urlsplit(url)
    try:
        connection = _connect(parts, seconds, allow_private, call_socket or CallSocket())
        try:
            connection.request("POST", _target(parts), body.encode(), {**headers, "Host": parts.netloc})
            return connection.getresponse().status
        finally:
            connection.close()
    # ValueError: a port, name or header that cannot be one.
    except (OSError, http.client.HTTPException, ValueError) as err:
        raise PostError(type(err).__name__) from err


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _connect(
    parts: SplitResult, seconds: float, allow_private: bool, call_socket: CallSocket
) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    opened = _open_socket(host, port, seconds, allow_private)
    try:
        if secure:
            opened = _tls().wrap_socket(opened, server_hostname=host, do_handshake_on_connect=False)
        call_socket.use(opened)
        if isinstance(opened, ssl.SSLSocket):
            opened.do_handshake()
    except (OSError, ValueError):
        opened.close()
        raise
    # http.client connects only what has no socket yet.
    connection.sock = opened
    return connection


@functools.cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _open_socket(host: str, port: int, seconds: float, allow_private: bool) -> socket.socket:
    addresses = [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not allow_private and not all(map(is_public, addresses)):
        raise PostError("PrivateAddress")
    failure: OSError | None = None
    for address in addresses:
        try:
            return socket.create_connection((address, port), seconds)
        except OSError as err:
            failure = err
    raise failure or OSError("no address")


def is_public(address: str) -> bool:
    """Whether an IP address is one of the internet's: no private, loopback, link-local, shared or multicast one."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped:
            return is_public(str(found.ipv4_mapped))
        if any(found in network for network in _INSIDE):
            return False
    return found.is_global and not found.is_multicast
