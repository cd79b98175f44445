"""What an instance does before it takes jobs: the launch template's own script, with its commands faked around it."""

import email
import hashlib
import subprocess
from pathlib import Path

import pytest
from tests.support import user_data

TOOL = b"#!/bin/sh\necho tool\n"
GIVEN = {
    "AWS::Region": "eu-west-1",
    "Bucket": "mine",
    "ToolPrefix": "tools/abc/",
    "ToolSums": f"aarch64={'0' * 64} x86_64={hashlib.sha256(TOOL).hexdigest()}",
}
FAKES = {
    "uname": "echo x86_64",
    "sleep": "",
    "mkfs.xfs": "",
    "mount": "",
    "systemctl": "",
    "shutdown": "",
    "mdadm": "",
    "dnf": "",
    "lsblk": "cat $ROOT/disks",
    "aws": 'cp "$ROOT/object" "${5}"',
}


class Machine:
    """A folder that stands for a machine; `calls` are the commands that were run on it."""

    def __init__(self, root: Path) -> None:
        self.root, self.bin = root, root / "bin"
        for folder in ("bin", "etc/ecs", "etc/pki/tls/certs", "dev", "mnt", "var/lib"):
            (root / folder).mkdir(parents=True)
        (root / "etc/pki/tls/certs/ca-bundle.crt").write_text("certificates")
        (root / "disks").write_text("/dev/nvme0n1 Amazon Elastic Block Store\n")
        (root / "object").write_bytes(TOOL)
        for name, does in FAKES.items():
            self.fake(name, does)

    def fake(self, name: str, does: str) -> None:
        """A command that is written down and does something simple."""
        path = self.bin / name
        path.write_text(f'#!/bin/bash\necho "{name} $*" >>"$ROOT/calls"\n{does}\n')
        path.chmod(0o755)

    def start(self) -> int:
        """Run the script with every absolute path inside this folder; its exit code."""
        text = user_data.script(GIVEN)
        for place in ("/opt/", "/etc/", "/mnt/", "/var/lib/", "/dev/console"):
            text = text.replace(place, f"{self.root}{place}")
        text = text.replace(f"{self.root}/mnt/headrace$folder", f"{self.root}/mnt/headrace/$(basename $folder)")
        environment = {"ROOT": str(self.root), "PATH": f"{self.bin}:/usr/bin:/bin"}
        return subprocess.run(["bash", "-c", text], env=environment, check=False, timeout=60).returncode

    @property
    def calls(self) -> list[str]:
        """The faked commands that were run."""
        return (self.root / "calls").read_text().splitlines()

    @property
    def tool(self) -> Path:
        """Where jobs look for the tool."""
        return self.root / "opt/headrace/bin/s5cmd"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine without disks of its own."""
    return Machine(tmp_path)


def test_batch_can_read_the_user_data():
    """It is MIME with one shell script, and small enough for EC2 (16 KiB)."""
    text = user_data.text(GIVEN)
    message = email.message_from_string(text)
    assert [part.get_content_type() for part in message.walk()] == ["multipart/mixed", "text/x-shellscript"]
    assert "${" not in text.replace("${#", "").replace("${disks", "")
    assert len(text.encode()) < 16 * 1024


def test_the_tool_comes_from_the_bucket(machine: Machine):
    """Checked, executable, with certificates beside it; containers are cleaned up soon."""
    assert machine.start() == 0
    assert machine.tool.read_bytes() == TOOL
    assert machine.tool.stat().st_mode & 0o777 == 0o755
    assert (machine.tool.parent / "ca-bundle.crt").read_text() == "certificates"
    assert "aws s3 cp --only-show-errors s3://mine/tools/abc/x86_64/s5cmd" in "\n".join(machine.calls)
    assert "ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION=10m" in (machine.root / "etc/ecs/ecs.config").read_text()
    assert not any(call.startswith(("shutdown", "mdadm", "mkfs")) for call in machine.calls)


def test_an_image_that_brings_the_tool_fetches_nothing(machine: Machine):
    """The checksum decides, not the name."""
    machine.tool.parent.mkdir(parents=True)
    machine.tool.write_bytes(TOOL)
    assert machine.start() == 0
    assert not any(call.startswith("aws") for call in machine.calls)


@pytest.mark.parametrize("content", [b"", b"something else"])
def test_an_instance_without_the_whole_tool_ends(machine: Machine, content: bytes):
    """It would take job after job and fail each; Batch starts another instead."""
    (machine.root / "object").write_bytes(content)
    assert machine.start() != 0
    assert "shutdown -h now" in machine.calls
    assert "takes no jobs" in (machine.root / "dev/console").read_text()


def test_what_fails_once_is_tried_again(machine: Machine):
    """The network of an instance may take its time."""
    machine.fake("aws", '[ -f "$ROOT/again" ] && cp "$ROOT/object" "${5}" || { touch "$ROOT/again"; exit 1; }')
    assert machine.start() == 0
    assert sum(call.startswith("aws") for call in machine.calls) == 2


@pytest.mark.parametrize(("disks", "made"), [(1, "/dev/nvme1n1"), (2, "/dev/md0")])
def test_disks_of_the_machine_hold_images_and_work(machine: Machine, disks: int, made: str):
    """One is used as it is, several as one; docker and containerd are stopped while their folders move."""
    lines = [f"/dev/nvme{number}n1 Amazon EC2 NVMe Instance Storage\n" for number in range(1, disks + 1)]
    (machine.root / "disks").write_text("/dev/nvme0n1 Amazon Elastic Block Store\n" + "".join(lines))
    assert machine.start() == 0
    calls = machine.calls
    assert f"mkfs.xfs -q -f {made}" in calls
    assert sum(call.startswith("mdadm") for call in calls) == (disks > 1)
    bound = [call.rpartition("/")[2] for call in calls if call.startswith("mount --bind")]
    assert bound == ["docker", "containerd"]
    order = [call for call in calls if call.startswith("systemctl")]
    assert order == ["systemctl stop docker.socket docker containerd", "systemctl start containerd docker"]
    assert calls.index(order[0]) < calls.index(next(call for call in calls if "--bind" in call)) < calls.index(order[1])
