"""Waiting without polling: something that ends once and tells whoever asked.

Batch jobs and executions are completions. A state that waits for one is woken by it, or by its own execution being
stopped, whichever comes first.
"""

from __future__ import annotations

import threading
from collections.abc import Callable


class Completion:
    """Ends once; callbacks added later are called at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._callbacks: list[Callable[[], None]] = []
        self.done = threading.Event()

    def finish(self) -> None:
        """Mark as ended and call everybody back; a second call does nothing."""
        with self._lock:
            if self.done.is_set():
                return
            self.done.set()
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def then(self, callback: Callable[[], None]) -> None:
        """Call `callback` when ended, now if it already is."""
        with self._lock:
            if not self.done.is_set():
                self._callbacks.append(callback)
                return
        callback()
