"""The one endpoint: AWS's APIs as moto serves them, and our own control paths beside them.

Every request passes here, so this is where callers are told apart, calls counted, and what fault plans name happens: a
worker or job dies before or after a call, a call is refused, answered late or not at all. (What the cloud asks of itself
passes through `clients`.)
"""

from __future__ import annotations

import http.client
import io
import json
import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any
from xml.sax.saxutils import escape

from headrace_local import access, api_calls, api_errors, callers, faults
from headrace_local.place import CONTROL

_Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_log = logging.getLogger(__name__)
_last_call = [time.monotonic()]


class Dropped(ConnectionError):  # noqa: N818 - reads as what it is
    """The connection ends without an answer."""


def idle_s() -> float:
    """Seconds since somebody outside this cloud called the API."""
    return time.monotonic() - _last_call[0]


def application(control: Callable[[str, str, bytes], tuple[int, bytes]]) -> _Application:
    """The WSGI application; `control` answers our own paths: method, path and body in, status and JSON out."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication

    aws = DomainDispatcherApplication(_backend)

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        if path.startswith(CONTROL + "/"):
            status, answer = control(
                str(environ["REQUEST_METHOD"]), path.removeprefix(CONTROL), environ["wsgi.input"].read()
            )
            start_response(f"{status} {'OK' if status < 400 else 'Error'}", [("Content-Type", "application/json")])
            return [answer]
        return _serve_aws(aws, environ, start_response)

    return serve


def _backend(service: str) -> Any:
    """moto's application for one service, without what Flask does for people who debug it."""
    from moto.moto_server.werkzeug_app import create_backend_app

    app = create_backend_app(service)
    app.debug = False
    app.config["PROPAGATE_EXCEPTIONS"] = True  # which debugging means too, and `_failure` needs
    return app


def _serve_aws(aws: _Application, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    scope = access.credential(environ)
    caller = callers.of_key(scope.partition("/")[0])
    name = api_calls.operation(environ)
    for called in (name, *api_calls.parts(environ, name)):
        api_calls.count(caller.name if caller else "other", called)
    if caller is None:
        _last_call[0] = time.monotonic()
    strike = _strike(caller, name) if caller else ""
    if caller is not None and strike == "before":
        caller.kill()
        raise Dropped
    answer = _judged(aws, environ, start_response, caller, scope, name)
    if caller is not None and strike == "after":
        caller.kill()
        raise Dropped
    return answer


def _judged(
    aws: _Application,
    environ: dict[str, Any],
    start_response: Callable[..., Any],
    caller: callers.Caller | None,
    scope: str,
    name: str,
) -> Iterable[bytes]:
    """The answer, unless the caller may not ask, or may not know."""
    told = access.refused(caller, scope, environ, api_calls.body(environ))
    if told is None:
        head: list[Any] = []

        def keep(status: str, headers: list[tuple[str, str]], error: Any = None) -> Any:
            head[:] = [status, headers]
            return start_response(status, headers, error)

        answer = list(_answer(aws, environ, keep, caller.name if caller else "other", name))
        told = access.hidden(caller, scope, environ, str(head[0]), b"".join(answer))
        if told is None:
            return answer
    status, headers, body = told
    start_response(f"{status} {http.client.responses[status]}", list(headers.items()))
    return [body]


def _strike(caller: callers.Caller, name: str) -> str:
    """Whether a plan ends the caller at this call: `before` or `after` it is served, or empty."""
    kind, _, who = caller.name.partition(":")
    if kind == "batch":
        return faults.kill_job(who, name)
    plan = faults.kill_worker(who, name)
    if plan is None:
        return ""
    caller.note(plan.fault)
    return str(plan.values["when"])


def _answer(
    aws: _Application, environ: dict[str, Any], start_response: Callable[..., Any], caller: str, name: str
) -> Iterable[bytes]:
    plan = faults.answer_to(caller, name)
    if plan is None:
        return list(aws(environ, start_response))
    if plan.fault in ("slow", "unanswered"):
        time.sleep(plan.seconds if plan.fault == "slow" else 0)
        answer = list(aws(environ, start_response))
        if plan.fault == "unanswered":
            raise Dropped
        return answer
    status, headers, body = api_errors.answer(plan.fault, name, environ["wsgi.input"].read())
    start_response(f"{status} {http.client.responses[status]}", list(headers.items()))
    return [body]


def _failure(error: Exception, content_type: str) -> list[Any]:
    """An answer for what nobody foresaw; a call that moto does not have is refused by its name.

    The older services are asked with forms and answer in XML.
    """
    missing = isinstance(error, NotImplementedError)
    kind = "NotImplemented" if missing else "InternalFailure"
    told = f"The local cloud has no such call: {error}" if missing else f"{type(error).__name__}: {error}"
    status = "501 Not Implemented" if missing else "500 Internal Server Error"
    if content_type.startswith("application/x-www-form-urlencoded"):
        error_body = f"<Error><Code>{kind}</Code><Message>{escape(told)}</Message></Error>"
        return [status, [("Content-Type", "text/xml")], f"<ErrorResponse>{error_body}</ErrorResponse>".encode()]
    body = json.dumps({"__type": kind, "message": told}).encode()
    headers = [("Content-Type", "application/json"), ("x-amzn-ErrorType", kind)]
    return [status, headers, body]


class Server:
    """A threaded HTTP server on the loopback that keeps connections open.

    werkzeug's own handler closes every connection and waits ten milliseconds before it does.
    """

    def __init__(self, app: _Application, port: int) -> None:
        from werkzeug.serving import make_server

        self._server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_handler())
        self._server.daemon_threads = True
        self._server.request_queue_size = 256
        self._server.socket.listen(256)
        self.port = int(self._server.server_address[1])

    def start(self) -> None:
        """Serve in the background."""
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True, name="http"
        ).start()

    def stop(self) -> None:
        """Accept nothing any more."""
        self._server.shutdown()
        self._server.server_close()


def _handler() -> Any:
    """The handler class; moto's, and so werkzeug's, are only imported in the server's process."""
    from moto.moto_server.werkzeug_app import MotoRequestHandler

    class Handler(MotoRequestHandler):  # type: ignore[misc]
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 65536

        def log(self, *_args: Any) -> None:
            """Say nothing; the cloud's own log is for what goes wrong."""

        def handle_expect_100(self) -> bool:
            """Answered at once: the client waits with its body for it."""
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.wfile.flush()
            return True

        def run_wsgi(self) -> None:
            """One request: all of its body in, all of the answer out, so that the connection can go on."""
            environ = self.make_environ()
            source = environ["wsgi.input"]
            chunked = environ.get("wsgi.input_terminated")
            body = source.read() if chunked else source.read(int(environ.get("CONTENT_LENGTH") or 0))
            environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
            head: list[Any] = []

            def start_response(
                status: str, headers: list[tuple[str, str]], _error: Any = None
            ) -> Callable[[bytes], None]:
                head[:] = [status, headers]
                return lambda _data: None

            try:
                content = b"".join(self.server.app(environ, start_response))
            except Dropped:
                self.close_connection = True
                return
            except Exception as error:  # noqa: BLE001 - whatever went wrong inside, the caller gets an answer with its name
                _log.exception("%s", api_calls.operation(environ))
                head[:] = _failure(error, str(environ.get("CONTENT_TYPE", "")))
                content = head.pop()
            self._send(head[0], head[1], content)

        def _send(self, status: str, headers: list[tuple[str, str]], content: bytes) -> None:
            code, _, text = status.partition(" ")
            bodiless = self.command == "HEAD" or code in ("204", "304")
            self.send_response(int(code), text)
            for name, value in headers:
                if name.lower() not in ("content-length", "connection") or (
                    bodiless and name.lower() == "content-length"
                ):
                    self.send_header(name, value)
            if not bodiless:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if not bodiless:
                self.wfile.write(content)

    return Handler
