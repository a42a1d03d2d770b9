"""A DNS server on loopback, over UDP and TCP, that answers from a table of records."""

from __future__ import annotations

import socketserver
import struct
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Table = dict[tuple[str, str], list[str]]
_TTL = 60
_UDP_BYTES = 1232


class DnsServer:
    """Listens until `stop`. `records` is by (name, type); values are written as in a zone file, without final dots."""

    def __init__(self, records: Table | None = None) -> None:
        self.records: Table = dict(records or {})
        self.fails = False
        """Whether it answers every question with SERVFAIL."""
        self._tcp, self._udp = self._servers()
        for server in (self._tcp, self._udp):
            threading.Thread(target=server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._tcp.server_address[1]}"

    def stop(self) -> None:
        for server in (self._tcp, self._udp):
            server.shutdown()
            server.server_close()

    def answer(self, query: dns.message.Message) -> dns.message.Message:
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        question = query.question[0]
        name, kind = question.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(question.rdtype)
        values = self.records.get((name, kind), [])
        if self.fails:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif values:
            texts = [_quoted(value) if kind == "TXT" else f"{value}." for value in values]
            response.answer.append(dns.rrset.from_text(question.name, _TTL, "IN", kind, *texts))
        elif not any(known == name for known, _ in self.records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response

    def _servers(self) -> tuple[socketserver.TCPServer, socketserver.UDPServer]:
        """Listen on one free port for both."""
        outer = self

        class Tcp(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                (size,) = struct.unpack("!H", self.rfile.read(2))
                wire = outer.answer(dns.message.from_wire(self.rfile.read(size))).to_wire()
                self.wfile.write(struct.pack("!H", len(wire)) + wire)

        class Udp(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                content, socket = self.request
                response = outer.answer(dns.message.from_wire(content))
                wire = response.to_wire()
                if len(wire) > _UDP_BYTES:
                    response.flags |= dns.flags.TC
                    response.answer.clear()
                    wire = response.to_wire()
                socket.sendto(wire, self.client_address)

        tcp = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Tcp)
        return tcp, socketserver.ThreadingUDPServer(tcp.server_address, Udp)


def _quoted(text: str) -> str:
    """Write a TXT value in parts of at most 255 bytes."""
    return " ".join(f'"{text[start : start + 255]}"' for start in range(0, len(text), 255))
