"""The table itself: complete, unambiguous, every mapped row with a reader and a field."""

import re
from dataclasses import fields

from headrace.core.container_option_table import BY_NAME, BY_SHORT, OPTIONS
from headrace.core.container_options import ContainerOptions

DOCUMENTED = re.findall(
    r"\S+",
    """
add-host annotation attach blkio-weight blkio-weight-device cap-add cap-drop cgroup-parent cgroupns cidfile cpu-count cpu-percent
cpu-period cpu-quota cpu-rt-period cpu-rt-runtime cpu-shares cpus cpuset-cpus cpuset-mems detach detach-keys device
device-cgroup-rule device-read-bps device-read-iops device-write-bps device-write-iops disable-content-trust dns dns-option
dns-search domainname entrypoint env env-file expose gpus group-add health-cmd health-interval health-retries
health-start-interval health-start-period health-timeout help hostname init interactive io-maxbandwidth io-maxiops ip ip6 ipc
isolation kernel-memory label label-file link link-local-ip log-driver log-opt mac-address memory memory-reservation memory-swap
memory-swappiness mount name network network-alias no-healthcheck oom-kill-disable oom-score-adj pid pids-limit platform
privileged publish publish-all pull quiet read-only restart rm runtime security-opt shm-size sig-proxy stop-signal stop-timeout
storage-opt sysctl tmpfs tty ulimit use-api-socket user userns uts volume volume-driver volumes-from workdir
""",
)
SHORT = {
    "a": "attach", "c": "cpu-shares", "d": "detach", "e": "env", "h": "hostname", "i": "interactive", "l": "label", "m": "memory",
    "p": "publish", "P": "publish-all", "q": "quiet", "t": "tty", "u": "user", "v": "volume", "w": "workdir",
}  # fmt: skip


def test_every_documented_option_has_one_row():
    """The rows are the documented options, each once, in order."""
    assert [row.flag for row in OPTIONS] == DOCUMENTED


def test_short_forms_and_aliases():
    """Each letter and each hidden alias finds its row."""
    assert {letter: row.flag for letter, row in BY_SHORT.items()} == SHORT
    assert {name: row.flag for name, row in BY_NAME.items() if name != row.flag} == {
        "dns-opt": "dns-option",
        "net": "network",
        "net-alias": "network-alias",
    }


def test_mapped_rows_fill_a_field():
    """A mapped row has a field of ContainerOptions, and every field has a row."""
    filled = {row.field for row in OPTIONS if row.mapped}
    assert filled == {field.name for field in fields(ContainerOptions)} - {"notes"}
    assert all(row.is_flag or row.read for row in OPTIONS if row.mapped)


def test_a_row_is_one_thing():
    """No row is both mapped and refused; a refusal never promises what it refuses."""
    assert not [row.flag for row in OPTIONS if row.mapped and row.refused]
    assert not [row.flag for row in OPTIONS if f"--{row.flag} " in f"{row.instead} "]
