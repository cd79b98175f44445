"""Docker's short and long form of one mount mean one thing."""

import pytest

from headrace.core.container_option_mounts import read_mount, read_volume
from headrace.core.container_option_values import Known, Tmpfs
from headrace.core.docker_size import MIB
from headrace.core.errors import InvalidValue
from headrace.core.volumes import Volume

KNOWN = Known()


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("/a:/b", "type=bind,source=/a,target=/b"),
        ("/a:/b:ro", "type=bind,src=/a,dst=/b,readonly"),
        ("/a/:/b//c:rw", "type=bind,src=/a,destination=/b/c,ro=false"),
        ("/a:/b:ro,rprivate", "type=bind,src=/a,dst=/b,readonly=true,bind-propagation=rprivate"),
        ("/b", "type=volume,target=/b"),
        ("/b", "target=/b,volume-nocopy=false"),
    ],
)
def test_short_and_long_forms_agree(short, long):
    """`--volume` and `--mount` make the same volume."""
    assert read_volume(short, KNOWN).value == read_mount(long, KNOWN).value


def test_tmpfs_of_mount_counts_bytes():
    """Unlike `--tmpfs`, `--mount` has docker's own unit, and says so."""
    reading = read_mount(f"type=tmpfs,target=/a,tmpfs-size={64 * MIB},readonly,tmpfs-mode=1777", KNOWN)
    assert reading.value == Tmpfs("/a", 64, ("ro", "mode=1777"))
    assert "bytes" in reading.note


def test_fields_may_be_quoted():
    """A path with a comma stands in quotes."""
    assert read_mount('type=bind,"src=/a,b",dst=/c', KNOWN).value == Volume("/c", "/a,b")


@pytest.mark.parametrize("mode", ["shared", "rslave", "foo", ""])
def test_modes_batch_does_not_have(mode):
    """Propagation and unknown modes are refused."""
    with pytest.raises(InvalidValue):
        read_volume(f"/a:/b:{mode},ro", KNOWN)


@pytest.mark.parametrize(
    ("mode", "note"), [("z", "SELinux"), ("cached", "consistency"), ("nocopy", "named volumes"), ("rprivate", "always")]
)
def test_modes_without_effect(mode, note):
    """Modes that change nothing here are noted."""
    reading = read_volume(f"/a:/b:ro,{mode}", KNOWN)
    assert reading.value == Volume("/b", "/a", None, True)
    assert note in reading.note
