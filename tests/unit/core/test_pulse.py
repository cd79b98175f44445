"""What a log's end says of a job's life."""

from headrace.core.pulse import Pulse, pulse

MINUTE = 60_000


def beats(*used: int | None, start: int = 0) -> list[tuple[int, str]]:
    """A heartbeat a minute, with the CPU seconds used."""
    return [
        (start + number * MINUTE, "headrace: running" + ("" if cpu is None else f", {cpu} s of CPU"))
        for number, cpu in enumerate(used)
    ]


def test_an_empty_log_says_nothing():
    """Neither life nor death."""
    assert pulse([]) == Pulse(None, None)


def test_cpu_that_is_used_is_work():
    """More than one per cent of a minute."""
    assert pulse(beats(10, 10, 40, 40, 40)) == Pulse(4 * MINUTE, 2 * MINUTE)
    assert pulse(beats(10, 10, 11, 11)).worked_ms == 2 * MINUTE


def test_a_little_cpu_over_long_is_none():
    """The shell that writes the line uses some itself."""
    lines = [(0, "headrace: running, 100 s of CPU"), (10 * MINUTE, "headrace: running, 103 s of CPU")]
    assert pulse(lines).worked_ms is None


def test_a_line_of_its_own_is_work():
    """Whatever it says."""
    assert pulse([*beats(5, 5), (90_000, "epoch 3"), *beats(5, start=2 * MINUTE)]).worked_ms == 90_000


def test_where_the_cpu_is_not_told_life_is_work():
    """An image without a cgroup to read."""
    assert pulse(beats(None, None, None)).worked_ms == 2 * MINUTE
