"""Readers of single values: any text is understood or refused by InvalidValue, and what is understood fits the API."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.container_option_table import OPTIONS
from headrace.core.container_option_values import (
    Device,
    Known,
    Named,
    Ulimit,
    csv_fields,
    read_device,
    read_env,
    read_gpus,
    read_ulimit,
    read_user,
)
from headrace.core.errors import InvalidValue

READERS = [option.read for option in OPTIONS if option.read]
KNOWN = Known({"A": "1"}, 1024)
SEEDS = [
    "A",
    "A=1",
    "nofile=1:2",
    "64m",
    "/run:size=64",
    "2g",
    "/dev/a:/b:rwm",
    "count=2",
    "root:root",
    "/a:/b:ro",
    "type=bind,src=/a,dst=/b",
    "awslogs",
]


@given(
    st.sampled_from(READERS),
    st.one_of(st.text(max_size=30), st.sampled_from(SEEDS).flatmap(lambda seed: st.permutations(seed).map("".join))),
)
def test_any_text(read, text):
    """No reader raises anything but InvalidValue."""
    with contextlib.suppress(InvalidValue):
        read(text, KNOWN)


@given(st.integers(-1, 2**31 - 1), st.integers(-1, 2**31 - 1))
def test_ulimits(soft, hard):
    """Soft at most hard, -1 being more than everything."""
    legal = hard == -1 or (soft != -1 and soft <= hard)
    try:
        assert read_ulimit(f"core={soft}:{hard}", KNOWN).value == Ulimit("core", soft, hard)
    except InvalidValue:
        assert not legal
    else:
        assert legal


def test_env():
    """Set, declared, unknown."""
    assert read_env("A", KNOWN).value == Named("A", "1")
    assert read_env("A=", KNOWN).value == Named("A", "")
    assert read_env("B", KNOWN).value == Named("B", None)


@pytest.mark.parametrize("text", ["", "root", "0:0", "a.b-c_d$", "user:group"])
def test_users(text):
    """The forms docker and ECS take."""
    assert read_user(text, KNOWN).value == text


@pytest.mark.parametrize("text", ["a b", ":g", "u:", "-u", "u:g:x", "99999999999", "$(id)", "root\n"])
def test_bad_users(text):
    """Anything else is refused."""
    with pytest.raises(InvalidValue):
        read_user(text, KNOWN)


def test_device_permissions_in_order():
    """Letters in any order, kept in the API's."""
    assert read_device("/dev/a:/dev/b:mr", KNOWN).value == Device("/dev/a", "/dev/b", "rm")


def test_no_gpus():
    """0 is nothing, said."""
    assert read_gpus("0", KNOWN).note


def test_csv():
    """Fields may be quoted; broken quoting is refused."""
    assert csv_fields('a=1,"b=2,3",') == ["a=1", "b=2,3"]
    assert csv_fields("") == []
    with pytest.raises(InvalidValue):
        csv_fields('"a')
