"""The Lambda Runtime API, which AWS's own runtime client (awslambdaric) talks to.

Each worker has a port of its own, so it is known who asks (a path prefix would do for everything but init errors).
`next` blocks until there is an invocation.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import contextlib
import json
import queue
import socket
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


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # the default costs 40 ms per answer, on the handler class only
    wbufsize = 65536

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing; every invocation would be four lines."""

    def do_GET(self) -> None:
        """`…/runtime/invocation/next`."""
        invocation = self._desk().inbox.get()
        if invocation is None:
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
        desk = self._desk()
        result = Result(body, failed=parts[-1] == "error")
        if parts[-2] == "init":
            desk.broken = result
        if parts[-2] == "init" or (desk.current is not None and desk.current.request_id == parts[-2]):
            desk.answer(result)
        self.send_response(202)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def _desk(self) -> Desk:
        desk: Desk = self.server.desk  # type: ignore[attr-defined]
        return desk

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        chunks = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)


class Api(ThreadingHTTPServer):
    """The Runtime API of one worker, on a free port of the loopback."""

    daemon_threads = True

    def __init__(self, desk: Desk) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.desk = desk
        self.address = f"127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self._accept, daemon=True, name="lambda runtime api").start()

    def close(self) -> None:
        """The worker is gone."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A worker that was killed leaves a broken connection; that is not news."""

    def _accept(self) -> None:
        """Blocks without polling until the socket is closed."""
        with contextlib.suppress(OSError):
            while True:
                self.process_request(*self.socket.accept())


def error(kind: str, message: str) -> Result:
    """An error of the platform, in the shape the runtime's own errors have."""
    return Result(json.dumps({"errorType": kind, "errorMessage": message}).encode(), failed=True)
