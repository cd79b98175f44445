"""The arithmetic of latches: random programs, run in random orders, against what each task really depends on."""

import hashlib
from random import Random

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st
from tests.support.gate_model import Model
from tests.support.programs import program_of

from headrace.core import latches
from headrace.core.errors import InvalidSpec
from headrace.core.values import File

# name: (outer axes, what makes its items); a dynamic axis names the process whose output it is made of
STATIC = {"s": ((), "[a, b]"), "t": ((), "[x, y, z]"), "n": (("s",), "${{ [s, s ~ '1'] }}")}
DYNAMIC = {"d": "split_d", "e": "split_e", "f": "split_f"}


class Shape:
    """A random program: axes of every process, what it refers to, and the text that says so."""

    def __init__(self, random):
        self.random = random
        self.axes, self.refers, self.when, self.forks = {}, {}, {}, {}
        self.sources = {name: source for name, (_, source) in STATIC.items()}
        self.outer = {name: set(outer) for name, (outer, _) in STATIC.items()}
        self.defined, self.each = set(), {}
        self.make("first", self.some())
        for axis, split in DYNAMIC.items():
            if random.random() < 0.75:
                self.make(split, self.some())
                before = self.some()
                shared = {name for name in self.axes[split] if name in before}
                self.outer[axis] = set().union(shared, *(self.outer[name] for name in shared))
                self.make(f"user_{axis}", [*before, axis], {axis: split})
                if random.random() < 0.3:  # a plain axis whose items come with those of a dynamic one
                    self.outer[f"p{axis}"] = {axis, *self.outer[axis]}
                    self.sources[f"p{axis}"] = f"${{{{ [key.{axis}, key.{axis} ~ '-'] }}}}"
                    self.make(f"plain_{axis}", [*before, axis, f"p{axis}"])
        for number in range(random.randint(1, 4)):
            self.make(f"more_{number}", self.some())

    def some(self):
        """A random choice of axes known by now, with their outer ones, in an order that `each` allows."""
        wanted = {axis for axis in self.outer if self.random.random() < 0.4}
        wanted |= {outer for axis in wanted for outer in self.outer[axis]}
        chosen, left = [], sorted(wanted)
        while left:
            free = [axis for axis in left if self.outer[axis] <= set(chosen)]
            chosen.append(self.random.choice(free))
            left.remove(chosen[-1])
        return chosen

    def make(self, name, axes, sources=None):
        """A process over these axes that refers to some of those before it."""
        random = self.random
        before = [other for other in self.axes if random.random() < 0.5]
        self.refers[name] = [(other, self.mode(other)) for other in before]
        self.axes[name] = axes
        if axes and random.random() < 0.25:
            axis = random.choice(axes)
            self.when[name] = (axis, random.choice("abxyz"))
        if random.random() < 0.05:
            self.forks[name] = random.randint(1, 2)
        items = []
        for axis in axes:
            if axis in self.defined:
                items.append(axis)
                continue
            self.defined.add(axis)
            source = f"${{{{ {sources[axis]}.out }}}}" if sources and axis in sources else self.sources[axis]
            items.append(f"{{{axis}: {source if source.startswith('[') else repr(source)}}}")
        self.each[name] = items

    def mode(self, other):
        """How a reference is written: (prefix, axes that are gathered all the same, named keys)."""
        named = [axis for axis in self.axes[other] if axis in ("s", "t")]
        roll = self.random.random()
        if roll < 0.15:
            return ".all", None
        if roll < 0.45 and named:
            axis = self.random.choice(named)
            key = {"s": "b", "t": "y"}[axis]
            return f".at({axis}='{key}')", (axis, key)
        return "", None

    def text(self):
        """The program as a user writes it."""
        lines = ["processes:"]
        for name in self.axes:
            lines.append(f"  {name}:")
            lines += [f"    each: [{', '.join(self.each[name])}]"] if self.each[name] else []
            inputs = [
                f'i{number}: "${{{{ {other}{mode}.out }}}}"'
                for number, (other, (mode, _)) in enumerate(self.refers[name])
            ]
            lines += [f"    inputs: {{{', '.join(inputs)}}}"] if inputs else []
            if name in self.when:
                axis, key = self.when[name]
                lines.append(f"    when: ${{{{ key.{axis} != '{key}' }}}}")
            lines += [f"    maxForks: {self.forks[name]}"] if name in self.forks else []
            lines += ["    outputs: {out: 'x*'}", "    script: 'true'"]
        return "\n".join(lines)

    def depends(self, name, keys):
        """(producer, keys that its tasks must have) for every reference of a task, by the rule of the language."""
        for other, (mode, named) in self.refers[name]:
            must = {} if mode == ".all" else {axis: keys[axis] for axis in self.axes[other] if axis in keys}
            yield other, {**must, **dict([named] if named else [])}

    def wanted(self, item):
        """The same for any item: an expansion depends on what its axis is made of, where that shares the axis's outer ones."""
        if "x" not in item:
            return list(self.depends(item["p"], item["k"]))
        producer = DYNAMIC[item["x"]]
        return [(producer, {axis: item["k"][axis] for axis in self.axes[producer] if axis in self.outer[item["x"]]})]


def made(_namespace, keys, reference):
    """What a split made: 0 to 2 files, the same for the same keys; now and then none, as if it had been skipped."""
    digest = hashlib.sha256(repr((reference.process, sorted(keys.items()))).encode()).digest()[0]
    return None if digest < 30 else [File(f"s3://b/{reference.process}{number}") for number in range(digest % 3)]


def matches(keys, must):
    """Whether keys hold what must be."""
    return all(keys.get(axis) == key for axis, key in must.items())


def needs(shape, model, item):
    """The tasks an item really depends on, of all that there will ever be."""
    for producer, must in shape.wanted(item):
        for other in model.events.values():
            if other.item.get("p") == producer and matches(other.item["k"], must):
                yield other


def possible(shape, model, item):
    """The expansions through which tasks that an item depends on could appear."""
    for producer, must in shape.wanted(item):
        for other in model.events.values():
            if (
                "x" in other.item
                and other.item["x"] in shape.axes[producer]
                and matches({**must, **other.item["k"]}, must)
            ):
                yield other


def closure(shape, model, item):
    """Everything that has to be done before an item can start, and the expansion it comes from."""
    found, todo = set(), [item]
    while todo:
        here = todo.pop()
        parents = [part for part in (model.events[here["id"]].scope,) if part]
        for name in [
            *parents,
            *(e.item["id"] for e in needs(shape, model, here)),
            *(e.item["id"] for e in possible(shape, model, here)),
        ]:
            if name not in found:
                found.add(name)
                todo.append(model.events[name].item)
    return found


def shape_and_program(random):
    """A random program that links; those refused for the known reasons are passed over."""
    shape = Shape(random)
    try:
        return shape, program_of(shape.text())
    except InvalidSpec as error:
        known = ("comes after it", "maxForks", "nested in it")
        if not all(any(part in problem.message for part in known) for problem in error.problems):
            raise
        event("refused")
        assume(False)


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
def test_a_gate_opens_when_all_it_depends_on_is_done(seed):
    """In any order of starts and ends, with expansions between: no task starts before all it depends on, and none hangs."""
    random = Random(seed)
    shape, program = shape_and_program(random)
    model = Model(program, {}, made, random.choice).run()
    assert model.left() == []
    for name, each in model.events.items():
        late = [other.item["id"] for other in needs(shape, model, each.item) if other.ended >= each.started]
        assert not late, f"{name} started before {late}\n{shape.text()}"
    for process, limit in shape.forks.items():
        assert model.most[process] <= limit


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
def test_a_gate_waits_for_nothing_else(seed):
    """A task starts although everything it does not depend on stands still."""
    random = Random(seed)
    shape, program = shape_and_program(random)
    shape_forks = {process.name for process in program.processes.values() if process.max_forks is not None}
    whole = Model(program, {}, made, random.choice).run()
    target = random.choice(sorted(whole.events))
    wanted = closure(shape, whole, whole.events[target].item) | {target}
    assume(not any(whole.events[name].item.get("p") in shape_forks for name in wanted))
    part = Model(program, {}, made, random.choice, only=wanted).run()
    assert part.events[target].ended >= 0, f"{target} still waits\n{shape.text()}"


@pytest.mark.parametrize(("planned", "shards"), [(0, 1), (1, 1), (200, 1), (201, 2), (12_800, 64), (1_000_000, 64)])
def test_shards_follow_the_number_of_tasks(planned, shards):
    """A latch has one shard per 200 tasks, at least 1 and at most 64."""
    assert latches.shards(planned) == shards
