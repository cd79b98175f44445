"""Volumes of the directive: texts, lists, comma texts, maps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.errors import InvalidSpec
from headrace.core.volumes import Efs, Volume, parse_volumes


@pytest.mark.parametrize("value", ["/tmp", ["/tmp"], " /tmp/ ", {"host": "/tmp"}])
def test_one_path_is_the_hosts_same_path(value):
    """The reference page's first example: the instance's /tmp, read-write."""
    assert parse_volumes(value) == (Volume("/tmp", "/tmp"),)


@pytest.mark.parametrize(
    "value", [["/tmp", "/host/path:/mnt/path:ro"], "/tmp,/host/path:/mnt/path:ro", "/tmp, /host/path/:/mnt//path:ro,"]
)
def test_lists_and_comma_texts(value):
    """The reference page's second example, as a list and as text."""
    assert parse_volumes(value) == (Volume("/tmp", "/tmp"), Volume("/mnt/path", "/host/path", None, True))


def test_efs():
    """An EFS file system by text and by map."""
    assert parse_volumes("fs-0123abcd:/data:ro") == (Volume("/data", efs=Efs("fs-0123abcd"), read_only=True),)
    given_map = {"efs": "fs-0123abcd", "path": "/x/", "at": "/data"}
    assert parse_volumes(given_map) == (Volume("/data", efs=Efs("fs-0123abcd", "/x")),)
    point = {"efs": "fs-0123abcd", "accessPoint": "fsap-0123abcd", "at": "/d", "readOnly": True}
    assert parse_volumes([point]) == (Volume("/d", efs=Efs("fs-0123abcd", "/", "fsap-0123abcd"), read_only=True),)


@pytest.mark.parametrize(
    "value",
    [
        "tmp", "/a:/b:rx", "/a:b", "/a:/b:ro:x", "/", "/a/../b", "fs-0123abcd", "fs-0123abcd:x", ["/a", "/b:/a"], 3, [None], {"efs": "fs-0123abcd"}, {"efs": "x", "at": "/a"},
        {"host": "/a", "efs": "fs-0123abcd", "at": "/b"}, {"host": "/a", "path": "/b"}, {"hosts": "/a"}, {}, {"host": "/a", "readOnly": "yes"},
        {"efs": "fs-0123abcd", "at": "/a", "path": "/x", "accessPoint": "fsap-0123abcd"}, {"efs": "fs-0123abcd", "at": "/a", "accessPoint": "x"}, "/a\n:/b",
    ],
)  # fmt: skip
def test_refused(value):
    """What cannot be mounted is refused."""
    with pytest.raises(InvalidSpec):
        parse_volumes(value)


def test_all_problems_at_once():
    """Every bad item is reported, with its text."""
    with pytest.raises(InvalidSpec) as caught:
        parse_volumes(["a", "/ok", "/a:/b:rx"])
    assert [problem.value for problem in caught.value.problems] == ["a", "/a:/b:rx"]


@given(
    st.recursive(
        st.one_of(st.none(), st.integers(), st.text()),
        lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    )
)
def test_wild_values(value):
    """Anything is a volume list or refused by our error."""
    try:
        volumes = parse_volumes(value)
    except InvalidSpec:
        return
    assert all(volume.container_path.startswith("/") for volume in volumes)
