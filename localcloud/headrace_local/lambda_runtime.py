"""The Lambda Runtime API, which AWS's own runtime client (awslambdaric) talks to.

Each worker has its own path prefix, so the server knows who asks. `next` blocks until there is an invocation.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import queue
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(slots=True)
class Result:
    """What a handler returned, or its error as the runtime reports it."""

    body: bytes
    failed: bool = False


@dataclass(slots=True)
class Invocation:
    """One event on its way through one worker."""

    request_id: str
    body: bytes
    deadline: float
    function_arn: str
    answer: queue.SimpleQueue[Result] = field(default_factory=queue.SimpleQueue)


@dataclass(slots=True)
class Desk:
    """Where a worker fetches its next invocation and leaves the answer; `None` in the inbox closes it."""

    inbox: queue.SimpleQueue[Invocation | None] = field(default_factory=queue.SimpleQueue)
    current: Invocation | None = None
    broken: Result | None = None

    def answer(self, result: Result) -> None:
        """Answer the invocation being worked on; later answers to it are dropped."""
        invocation, self.current = self.current, None
        if invocation is not None:
            invocation.answer.put(result)


desks: dict[str, Desk] = {}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # the default costs 40 ms per answer, on the handler class only
    wbufsize = 65536

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing; every invocation would be four lines."""

    def do_GET(self) -> None:
        """`…/runtime/invocation/next`."""
        desk = desks.get(self.path.split("/")[1])
        invocation = desk.inbox.get() if desk else None
        if desk is None or invocation is None:
            self.close_connection = True
            return
        self.send_response(200)
        for name, value in (
            ("Lambda-Runtime-Aws-Request-Id", invocation.request_id),
            ("Lambda-Runtime-Deadline-Ms", str(int(invocation.deadline * 1000))),
            ("Lambda-Runtime-Invoked-Function-Arn", invocation.function_arn),
            # Not sampled: nobody listens for traces here.
            (
                "Lambda-Runtime-Trace-Id",
                f"Root=1-{int(invocation.deadline):08x}-{invocation.request_id.replace('-', '')[:24]};Parent={invocation.request_id[:8] * 2};Sampled=0",
            ),
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(invocation.body))),
        ):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(invocation.body)

    def do_POST(self) -> None:
        """`…/invocation/<id>/response`, `…/invocation/<id>/error` or `…/init/error`."""
        body = self._body()
        parts = self.path.split("/")
        desk = desks.get(parts[1])
        if desk is not None:
            result = Result(body, failed=parts[-1] == "error")
            if parts[-2] == "init":
                desk.broken = result
            if parts[-2] == "init" or (desk.current is not None and desk.current.request_id == parts[-2]):
                desk.answer(result)
        self.send_response(202)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A worker that was killed leaves a broken connection; that is not news."""


def serve() -> str:
    """Start the API on a free port of the loopback; `host:port`."""
    server = _Server(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True, name="lambda runtime api").start()
    return f"127.0.0.1:{server.server_address[1]}"


def error(kind: str, message: str) -> Result:
    """An error of the platform, in the shape the runtime's own errors have."""
    return Result(json.dumps({"errorType": kind, "errorMessage": message}).encode(), failed=True)
