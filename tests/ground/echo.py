"""A provider with the worst manners: it puts what it was sent into its refusals."""

import contextlib
import http.server
import threading
from collections.abc import Iterator


class _Echoing(http.server.BaseHTTPRequestHandler):
    """Answers every request with an error that quotes its headers and body."""

    def parse_request(self) -> bool:
        if super().parse_request():
            said = self.rfile.read(int(self.headers.get("content-length") or 0)).decode("utf-8", "replace")
            quoted = f"{self.path} {dict(self.headers)} {said}".replace("\\", "").replace('"', "'")
            body = f'{{"error": "temporarily_unavailable {said}", "error_description": "{quoted}"}}'.encode()
            self.send_response_only(400)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        return False


@contextlib.contextmanager
def echoing_provider() -> Iterator[str]:
    """Serve such a provider while the block lasts, and give its base URL."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Echoing)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
