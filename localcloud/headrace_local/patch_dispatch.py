"""Finding the service of a request, which moto does anew for every call.

Over HTTP moto lists its own folders on disk for each request; in process it tries two hundred patterns in alphabetical
order. Together that was a third of the time of a call.
"""

from __future__ import annotations

import functools
from typing import Any, Final

from headrace_local.seam import replace

_BUSY: Final = ("lambda", "stepfunctions", "batch", "dynamodb", "sns", "sqs", "events", "logs")
"""Services whose patterns match nothing but their own hosts, so they may be tried first."""


def apply() -> None:
    """Remember the service of a host, and try the busy ones first."""
    from moto import backend_index
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication

    patterns = backend_index.backend_url_patterns
    replace(backend_index, "backend_url_patterns", sorted(patterns, key=lambda pattern: pattern[0] not in _BUSY))
    find = DomainDispatcherApplication.get_backend_for_host

    @functools.lru_cache(1024)
    def of_host(host: str | None) -> Any:
        return find(_nobody(DomainDispatcherApplication), host)

    replace(DomainDispatcherApplication, "get_backend_for_host", lambda _self, host: of_host(host))


@functools.lru_cache(1)
def _nobody(dispatcher: Any) -> Any:
    return dispatcher(lambda _service: None)
