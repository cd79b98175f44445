"""The one endpoint: AWS's APIs as moto serves them, and our own control paths beside them.

Every request passes here, so this is where callers are told apart, calls counted, and workers killed before or after a
call that a fault plan names.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from headrace_local import api_calls, callers, faults
from headrace_local.place import CONTROL

_StartResponse = Callable[..., Any]
_last_call = [time.monotonic()]


def idle_s() -> float:
    """Seconds since somebody outside this cloud called the API."""
    return time.monotonic() - _last_call[0]


def application(control: Callable[[str, str, bytes], tuple[int, bytes]]) -> Callable[[dict[str, Any], _StartResponse], Iterable[bytes]]:
    """The WSGI application; `control` answers our own paths: method, path and body in, status and JSON out."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    aws = DomainDispatcherApplication(create_backend_app)

    def serve(environ: dict[str, Any], start_response: _StartResponse) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        if path.startswith(CONTROL + "/"):
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            status, answer = control(str(environ["REQUEST_METHOD"]), path.removeprefix(CONTROL), body)
            start_response(f"{status} {'OK' if status < 400 else 'Error'}", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
            return [answer]
        return _serve_aws(aws, environ, start_response)

    return serve


def _serve_aws(aws: Callable[..., Iterable[bytes]], environ: dict[str, Any], start_response: _StartResponse) -> Iterable[bytes]:
    caller = callers.of_request(str(environ.get("HTTP_AUTHORIZATION", "")))
    name = api_calls.operation(environ)
    api_calls.count(caller.name if caller else "other", name)
    if caller is None:
        _last_call[0] = time.monotonic()
    strike = faults.kill_worker(caller.name.partition(":")[2], name) if caller and caller.name.startswith("lambda:") else None
    if caller is not None and strike == "before":
        caller.kill()
        raise ConnectionAbortedError("killed before this call, as planned")
    answer = aws(environ, start_response)
    if caller is not None and strike == "after":
        caller.kill()
    return answer


class Server:
    """A threaded HTTP server on the loopback."""

    def __init__(self, app: Callable[..., Iterable[bytes]], port: int) -> None:
        from moto.moto_server.werkzeug_app import MotoRequestHandler
        from werkzeug.serving import make_server

        class Handler(MotoRequestHandler):  # type: ignore[misc]
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = 65536

            def log(self, *_args: Any) -> None:
                """Say nothing; the cloud's own log is for what goes wrong."""

        self._server = make_server("127.0.0.1", port, app, threaded=True, request_handler=Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])

    def start(self) -> None:
        """Serve in the background."""
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True, name="http").start()

    def stop(self) -> None:
        """Accept nothing any more."""
        self._server.shutdown()
        self._server.server_close()
