"""A run in miniature: latches as two numbers each, tasks that start when their gate opens and end in any order.

It takes plans as they are written (`waits`, `opens`, `turn`, `adds`) and knows nothing of how they were made.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from headrace.core.plan import Scope, plan_scope


@dataclass
class Event:
    """An item's life in steps of the model; `scope` is where it was planned."""

    item: dict
    scope: str
    started: int = -1
    ended: int = -1


@dataclass
class Model:
    """One run: `answer(namespace, keys, reference)` gives what processes made, `choose(list)` the order of things."""

    program: object
    params: dict
    answer: object
    choose: object
    only: object = None
    events: dict = field(default_factory=dict)
    count: dict = field(default_factory=lambda: defaultdict(int))
    added: dict = field(default_factory=lambda: defaultdict(int))
    axes: dict = field(default_factory=dict)
    running: list = field(default_factory=list)
    ready: list = field(default_factory=list)
    watching: dict = field(default_factory=lambda: defaultdict(dict))
    most: dict = field(default_factory=lambda: defaultdict(int))
    clock: int = 0

    def run(self):
        """Go on until nothing can start or end; what never started is left with `started == -1`."""
        self._enter("", ())
        while self.ready or self.running:
            at = self.choose(range(len(self.ready) + len(self.running)))
            self.clock += 1
            if at < len(self.ready):
                self._start(self.ready.pop(at))
            else:
                self._end(self.running.pop(at - len(self.ready)))
        return self

    def left(self):
        """The ids of what has not ended."""
        return sorted(name for name, event in self.events.items() if event.ended < 0)

    def _watch(self, event):
        item = event.item
        if self.only is not None and item["id"] not in self.only:
            return
        if self._open(item):
            self.ready.append(event)
            return
        for latch in (*item.get("waits", {}), item.get("turn", ("", 0))[0]):
            self.watching[latch][item["id"]] = event

    def _release(self, latch):
        for name, event in list(self.watching[latch].items()):
            if self._open(event.item):
                self.ready.append(event)
                for watched in self.watching.values():
                    watched.pop(name, None)

    def _open(self, item):
        full = all(self.count[latch] >= planned + self.added[latch] for latch, planned in item.get("waits", {}).items())
        latch, threshold = item.get("turn", ("", 0))
        return full and self.count[latch] >= threshold

    def _start(self, event):
        event.started = self.clock
        self.running.append(event)
        process = event.item.get("p")
        alive = sum(other.item.get("p") == process for other in self.running)
        self.most[process] = max(self.most[process], alive)

    def _end(self, event):
        event.ended = self.clock
        for latch, _ in event.item["opens"]:
            self.count[latch] += 1
        if "x" in event.item:
            self._enter(event.item["id"], event.item["opens"])
        for latch, _ in event.item["opens"]:
            self._release(latch)

    def _enter(self, scope, opens):
        around = tuple(axes for known, axes in self.axes.items() if known == "" or scope.startswith(f"{known}/"))
        plan = plan_scope(self.program, self.params, Scope(scope, around, self.answer), {})
        assert set(plan.adds) == {latch for latch, _ in opens}, "an expansion adds to the latches it counts on"
        for latch, (made, _) in plan.adds.items():
            self.added[latch] += made
        self.axes[scope] = plan.axes
        items = list(plan.items())
        assert len(items) == plan.size
        for item in items:
            assert item["id"] not in self.events, "ids are unique over all scopes"
            self.events[item["id"]] = Event(item, scope)
            self._watch(self.events[item["id"]])
