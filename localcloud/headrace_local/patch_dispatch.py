"""Finding the service of a request, and the method that serves it, which moto does anew for every call.

Over HTTP moto lists its own folders on disk for each request; in process it tries two hundred patterns in alphabetical
order; and for each call it lists the methods of a service's class. Together that was a third of the time of a call.
"""

from __future__ import annotations

import functools
from typing import Any, Final

from headrace_local.seam import replace

_BUSY: Final = ("lambda", "stepfunctions", "batch", "dynamodb", "sns", "sqs", "events", "logs")
"""Services whose patterns match nothing but their own hosts, so they may be tried first."""


def apply() -> None:
    """Remember the service of a host and the methods of a class, and try the busy services first. No browser calls from elsewhere."""
    from moto import backend_index
    from moto.core import responses
    from moto.moto_server import werkzeug_app
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication

    patterns = backend_index.backend_url_patterns
    replace(backend_index, "backend_url_patterns", sorted(patterns, key=lambda pattern: pattern[0] not in _BUSY))
    find = DomainDispatcherApplication.get_backend_for_host

    @functools.lru_cache(1024)
    def of_host(host: str | None) -> Any:
        return find(_nobody(DomainDispatcherApplication), host)

    replace(responses, "method_names_from_class", functools.lru_cache(None)(responses.method_names_from_class))
    replace(werkzeug_app, "DISABLE_GLOBAL_CORS", True)
    replace(DomainDispatcherApplication, "get_backend_for_host", lambda _self, host: of_host(host))


@functools.lru_cache(1)
def _nobody(dispatcher: Any) -> Any:
    return dispatcher(lambda _service: None)
