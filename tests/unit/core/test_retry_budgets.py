"""How often each class of failure may be tried again."""

import pytest

from headrace.core.errors import InvalidValue
from headrace.core.outcome_classes import NOT_OWN, OutcomeClass
from headrace.core.retry_budgets import DEFAULTS, FIRM, MOST_TIMES, Budget, read

C = OutcomeClass


def test_every_class_has_a_default() -> None:
    """No failure without an answer; firm ones have none to spend."""
    assert set(DEFAULTS) == set(OutcomeClass)
    assert all(DEFAULTS[kind].times == 0 for kind in FIRM)


def test_what_the_world_did_is_tried_again_by_itself_and_the_script_is_not() -> None:
    """The defaults follow the tenet: a lost host costs nobody anything, a bug is not run three times."""
    assert all(DEFAULTS[kind].times > 0 for kind in NOT_OWN - FIRM)
    assert DEFAULTS[C.EXIT].times == DEFAULTS[C.MISSING_OUTPUT].times == DEFAULTS[C.TIMEOUT].times == 0


def test_a_table_replaces_the_entries_it_names() -> None:
    """Numbers alone are times; memory, time, delay and codes as written."""
    table = read(
        {
            "image-pull": 5,
            "out-of-memory": {"times": 3, "memory": 1.5, "upTo": "64 GB"},
            "timeout": {"time": 3},
            "exit": {"codes": [104, 143], "times": 2, "delay": "30s"},
        }
    )
    assert table[C.IMAGE_PULL] == Budget(times=5, delay_s=30)
    assert table[C.OUT_OF_MEMORY] == Budget(times=3, memory_factor=1.5, memory_max_mib=65536)
    assert table[C.TIMEOUT] == Budget(times=1, time_factor=3.0)
    assert table[C.EXIT] == Budget(times=2, delay_s=30, codes=(104, 143))


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ([], "a mapping"),
        ({"oom": 1}, "one of"),
        ({"succeeded": 1}, "one of"),
        ({"exit": -1}, str(MOST_TIMES)),
        ({"exit": True}, str(MOST_TIMES)),
        ({"exit": MOST_TIMES + 1}, str(MOST_TIMES)),
        ({"exit": {"tmies": 1}}, "times"),
        ({"exit": {"memory": 2}}, "out-of-memory only"),
        ({"out-of-memory": {"memory": 0.5}}, "factor"),
        ({"out-of-memory": {"memory": float("nan")}}, "factor"),
        ({"timeout": {"time": "2"}}, "factor"),
        ({"exit": {"codes": [0]}}, "1 to 255"),
        ({"exit": {"codes": "x"}}, "1 to 255"),
        ({"exit": {"delay": "2h"}}, "at most 1 h"),
    ],
)
def test_a_wrong_entry_is_refused_with_what_it_may_be(table: object, words: str) -> None:
    """The message says what is expected."""
    with pytest.raises(InvalidValue) as caught:
        read(table)
    assert words in f"{caught.value} {caught.value.expected} {caught.value.hint}"
