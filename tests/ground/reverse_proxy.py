"""A small reverse proxy with TLS, as people put before Consentry: one certificate, one path, forwarded headers."""

import contextlib
import http.client
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import urlsplit

import trustme

_LINE: Final = frozenset(["connection", "keep-alive", "transfer-encoding", "content-length"])
_PATIENCE_SECONDS: Final = 45


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """Where the proxy listens, and what a client needs to believe its certificate."""

    url: str
    trusting: ssl.SSLContext


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    behind: str = ""
    below: str = ""
    keeps_path: bool = False


class _Passing(BaseHTTPRequestHandler):
    """Passes a request on, with headers that a proxy adds and with some that it should not be believed."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def pass_on(self) -> None:
        if not (self.path + "/").startswith(self.server.below + "/"):
            self._send(404, [], b"")
            return
        path = self.path if self.server.keeps_path else self.path.removeprefix(self.server.below) or "/"
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _LINE}
        headers |= {
            "X-Forwarded-For": "203.0.113.7",
            "X-Forwarded-Proto": "http",
            "X-Forwarded-Host": "evil.example",
            "X-Forwarded-Prefix": "/elsewhere",
            "Forwarded": "host=evil.example;proto=http",
        }
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        line = http.client.HTTPConnection(urlsplit(self.server.behind).netloc, timeout=_PATIENCE_SECONDS)
        with contextlib.closing(line):
            line.request(self.command, path, body, headers)
            self._answer(line.getresponse())

    def _answer(self, answer: http.client.HTTPResponse) -> None:
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _LINE]
        self._send(answer.status, kept, answer.read())

    def _send(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


for _method in ("GET", "POST", "PATCH", "DELETE"):
    setattr(_Passing, f"do_{_method}", _Passing.pass_on)  # where the library looks for them


@contextlib.contextmanager
def reverse_proxy(behind: str, *, port: int, below: str, keeps_path: bool) -> Iterator[Front]:
    """Serve what listens at an address over TLS, below a path; the path is taken off on the way, unless it is kept."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    server = _Server(("127.0.0.1", port), _Passing)
    server.behind, server.below, server.keeps_path = behind, below, keeps_path
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Front(url=f"https://localhost:{port}{below}", trusting=trusting)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
