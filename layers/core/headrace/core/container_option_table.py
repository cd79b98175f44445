"""Every documented `docker run` option and what becomes of it on AWS Batch: one row each, nothing is dropped.

A row is *mapped* (it has a Batch target), *without effect* (it has a note only: a Batch job behaves so anyway) or *refused*
(it has a reason and, where there is one, what to write instead). `harmless` are values of a refused option that say what
is the case anyway, so they pass with the note. A refused flag given as `=false` is harmless unless the row
says otherwise.
docs/container_options.md is generated from this table.
Sources: docker docs, "docker container run", and its hidden aliases; Batch API reference, ContainerProperties.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from headrace.core import container_option_memory as memory
from headrace.core import container_option_values as values
from headrace.core.container_option_mounts import read_mount, read_volume

Reader = Callable[[str, values.Known], values.Reading]


@dataclass(frozen=True, slots=True)
class Option:
    """One row. `field` is where ContainerOptions keeps the value; `many`: repeats add up, else the last one counts."""

    flag: str
    short: str = ""
    aliases: tuple[str, ...] = ()
    is_flag: bool = False
    read: Reader | None = None
    field: str = ""
    many: bool = False
    target: str = ""
    means: str = ""
    note: str = ""
    harmless: tuple[str, ...] = ()
    reason: str = ""
    instead: str = ""

    @property
    def mapped(self) -> bool:
        """Whether Batch has a field for it."""
        return bool(self.target)

    @property
    def refused(self) -> bool:
        """Whether it cannot be had on Batch."""
        return bool(self.reason)


def _one(flag: str, field: str, read: Reader, target: str, means: str, *, short: str = "") -> Option:
    return Option(flag, short, read=read, field=field, target=target, means=means)


def _many(flag: str, field: str, read: Reader, target: str, means: str, *, short: str = "") -> Option:
    return Option(flag, short, read=read, field=field, many=True, target=target, means=means)


def _switch(flag: str, field: str, target: str, means: str) -> Option:
    return Option(flag, is_flag=True, field=field, target=target, means=means)


def _idle(flag: str, note: str, short: str = "", *, is_flag: bool = False) -> Option:
    return Option(flag, short, is_flag=is_flag, note=note)


def _no(
    flag: str,
    reason: str,
    instead: str = "",
    short: str = "",
    *,
    aliases: tuple[str, ...] = (),
    is_flag: bool = False,
    harmless: tuple[str, ...] = (),
    note: str = "",
) -> Option:
    return Option(
        flag,
        short,
        aliases,
        is_flag,
        note=note or "it says what is the case anyway",
        harmless=harmless,
        reason=reason,
        instead=instead,
    )


_NETWORK = "Batch decides the network of a job: the instance's own on EC2, the subnet's on Fargate"
_NO_FIELD = "Batch has no field for it"
_CGROUP = "Batch sets the control groups of a job itself"
_DISK_RATE = "Batch cannot limit the rate of a device"
_WINDOWS = "it is for Windows containers"
_MULTI = "Batch has it only in the multi-container form of a job (ecsProperties), which Headrace does not use"
_HEALTH = "nothing acts on the health of a Batch job's container"
_DAEMON = "it concerns the docker daemon or client, and no docker client starts a Batch job"
_AS_JOB = "a Batch job always runs so"

OPTIONS: Final[tuple[Option, ...]] = (
    _no("add-host", _NO_FIELD, "names in your VPC's DNS, or the address itself"),
    _no("annotation", _NO_FIELD, "--label, which becomes a tag of the job"),
    _idle("attach", "the output of a job goes to its log", "a"),
    _no("blkio-weight", _DISK_RATE, "a queue of its own for the process", harmless=("0",)),
    _no("blkio-weight-device", _DISK_RATE, "a queue of its own for the process"),
    _no("cap-add", "Batch cannot add single capabilities", "--privileged (EC2), or --ulimit for limits such as memlock"),
    _no("cap-drop", "Batch cannot drop capabilities", "--user, to run as somebody without them"),
    _no("cgroup-parent", _CGROUP, harmless=("",)),
    _no("cgroupns", _CGROUP, harmless=("", "private")),
    _idle("cidfile", "there is no client side to write the file on"),
    _no("cpu-count", _WINDOWS, "the `cpus` directive"),
    _no("cpu-percent", _WINDOWS, "the `cpus` directive"),
    _no("cpu-period", _CGROUP, "the `cpus` directive"),
    _no("cpu-quota", _CGROUP, "the `cpus` directive"),
    _no("cpu-rt-period", _CGROUP, "--ulimit rtprio=… where the limit is what matters"),
    _no("cpu-rt-runtime", _CGROUP, "--ulimit rtprio=… where the limit is what matters"),
    _no("cpu-shares", "Batch sets the shares from the vCPUs of the job", "the `cpus` directive", "c"),
    _no("cpus", "the vCPUs of a job decide where it can run", "the `cpus` directive"),
    _no("cpuset-cpus", _CGROUP, "the `cpus` directive"),
    _no("cpuset-mems", _CGROUP, "the `memory` directive"),
    _idle("detach", _AS_JOB, "d", is_flag=True),
    _idle("detach-keys", "nobody is attached to a job"),
    _many("device", "devices", values.read_device, "linuxParameters.devices[]", "host[:container][:rwm], EC2 only"),
    _no("device-cgroup-rule", _CGROUP, "--device for single devices, or --privileged"),
    _no("device-read-bps", _DISK_RATE),
    _no("device-read-iops", _DISK_RATE),
    _no("device-write-bps", _DISK_RATE),
    _no("device-write-iops", _DISK_RATE),
    _no("disable-content-trust", "images are pulled without signature checks", "an image digest, name@sha256:…", is_flag=True, harmless=("true",)),
    _no("dns", _NETWORK, "the DHCP options of your VPC"),
    _no("dns-option", _NETWORK, "the DHCP options of your VPC", aliases=("dns-opt",)),
    _no("dns-search", _NETWORK, "the DHCP options of your VPC"),
    _no("domainname", _NETWORK),
    _no("entrypoint", "Batch has no field for it and runs the image's own", "an image whose ENTRYPOINT runs the command it is given, or has none"),
    _many("env", "environment", values.read_env, "environment[]", "NAME=value; NAME alone takes the declared env's value", short="e"),
    _no("env-file", "the file would be read on a machine that is not there", "the `env` directive"),
    _idle("expose", "it opens no port, in docker neither"),
    _one("gpus", "gpus", values.read_gpus, "resourceRequirements GPU", "a count; all and device lists are refused; EC2 only"),
    _no("group-add", _NO_FIELD, "--user uid:gid with the group that is needed"),
    _no("health-cmd", _HEALTH, "a check in the script"),
    _no("health-interval", _HEALTH, "a check in the script"),
    _no("health-retries", _HEALTH, "a check in the script"),
    _no("health-start-interval", _HEALTH, "a check in the script"),
    _no("health-start-period", _HEALTH, "a check in the script"),
    _no("health-timeout", _HEALTH, "a check in the script"),
    _no("help", "it asks docker for its help, and runs nothing", "docs/container_options.md", is_flag=True),
    _no("hostname", _NETWORK, short="h"),
    _switch("init", "init", "linuxParameters.initProcessEnabled", "an init process that forwards signals and reaps"),
    _idle("interactive", "a job has no standard input", "i", is_flag=True),
    _no("io-maxbandwidth", _WINDOWS),
    _no("io-maxiops", _WINDOWS),
    _no("ip", _NETWORK, "the subnets of the compute environment"),
    _no("ip6", _NETWORK, "the subnets of the compute environment"),
    _no("ipc", _MULTI, "--shm-size for a larger /dev/shm", harmless=("", "private")),
    _no("isolation", _WINDOWS, harmless=("", "default")),
    _no("kernel-memory", "docker itself has given it up", "the `memory` directive"),
    _many("label", "labels", values.read_label, "tags (of the job)", "key=value; tag characters only", short="l"),
    _no("label-file", "the file would be read on a machine that is not there", "--label"),
    _no("link", _NETWORK, "one process per container; tasks talk through files"),
    _no("link-local-ip", _NETWORK),
    _one("log-driver", "log_driver", values.read_log_driver, "logConfiguration.logDriver", "awslogs and splunk on Fargate; the ECS drivers on EC2"),
    _many("log-opt", "log_options", values.read_log_opt, "logConfiguration.options", "name=value; without --log-driver they are awslogs's"),
    _no("mac-address", _NETWORK),
    _no("memory", "the memory of a job decides where it can run", "the `memory` directive", "m"),
    _no("memory-reservation", "Batch has the hard limit only", "the `memory` directive"),
    _one("memory-swap", "swap_mib", memory.read_memory_swap, "linuxParameters.maxSwap", "bare: MiB of swap; with a unit: memory plus swap, the memory is subtracted; -1 is refused; EC2 only"),
    _one("memory-swappiness", "swappiness", memory.read_swappiness, "linuxParameters.swappiness", "0 to 100; -1 is not sent; EC2 only"),
    _many("mount", "volumes", read_mount, "volumes[] and mountPoints[], or linuxParameters.tmpfs[]", "type=bind, tmpfs, or volume without a name; host paths and tmpfs are EC2 only"),
    _idle("name", "Headrace names the job after its run and task"),
    _no("network", _NETWORK, "the subnets and security groups of the compute environment", aliases=("net",)),
    _no("network-alias", _NETWORK, aliases=("net-alias",)),
    _idle("no-healthcheck", _HEALTH, is_flag=True),
    _no("oom-kill-disable", "Batch ends a job that passes its memory", "the `memory` directive, growing with task.attempt", is_flag=True),
    _no("oom-score-adj", _NO_FIELD, "the `memory` directive", harmless=("0",)),
    _no("pid", _MULTI, "--init to reap processes", harmless=("",)),
    _no("pids-limit", _NO_FIELD, "--ulimit nproc=…", harmless=("-1", "0")),
    _no("platform", "the architecture of a job decides where it can run", "the `arch` directive"),
    _switch("privileged", "privileged", "privileged", "EC2 only"),
    _no("publish", _NETWORK, "files: nothing connects to a task", "p"),
    _no("publish-all", _NETWORK, "files: nothing connects to a task", "P", is_flag=True),
    _no("pull", "the ECS agent of the instance decides when to pull", "ECS_IMAGE_PULL_BEHAVIOR in the launch template", harmless=("always", "missing"), note="the ECS agent of the instance decides when to pull"),
    _idle("quiet", "there is no pull progress to hide", "q", is_flag=True),
    _switch("read-only", "read_only", "readonlyRootFilesystem", "tasks still need a writable /tmp: add --tmpfs or a volume"),
    _no("restart", "Batch starts a job again only as an attempt", "the `maxRetries` directive", harmless=("", "no")),
    _idle("rm", "the ECS agent removes the container of an ended job", is_flag=True),
    _no("runtime", "the ECS agent picks the runtime", "the `accelerator` directive for NVIDIA's", harmless=("", "runc")),
    _no("security-opt", _NO_FIELD, "--privileged, or an AMI with the profile you need"),
    _one("shm-size", "shm_mib", memory.read_shm_size, "linuxParameters.sharedMemorySize", "docker units, a bare number is bytes; EC2 only"),
    _idle("sig-proxy", "signals of Batch always reach the process", is_flag=True),
    _no("stop-signal", "Batch stops a job with TERM, then KILL", "a trap for TERM in the script", harmless=("TERM", "SIGTERM", "15")),
    _no("stop-timeout", _MULTI, "ECS_CONTAINER_STOP_TIMEOUT in the launch template"),
    _no("storage-opt", _NO_FIELD, "the `disk` directive (Fargate), or the launch template's volume (EC2)"),
    _no("sysctl", _NO_FIELD, "sysctl in the launch template's user data"),
    _many("tmpfs", "tmpfs", memory.read_tmpfs, "linuxParameters.tmpfs[]", "path:options,size=N; a bare size is MiB; a size is needed; EC2 only"),
    _idle("tty", "the output of a job goes to its log, never to a terminal", "t", is_flag=True),
    _many("ulimit", "ulimits", values.read_ulimit, "ulimits[]", "name=soft[:hard]; hard = soft when absent; unlimited is -1; EC2 only"),
    _no("use-api-socket", _DAEMON, is_flag=True),
    _one("user", "user", values.read_user, "user", "name or uid, optionally :group or :gid", short="u"),
    _no("userns", "the instance's docker decides it", "--user", harmless=("", "host")),
    _no("uts", _NETWORK, harmless=("",)),
    _many("volume", "volumes", read_volume, "volumes[] and mountPoints[]", "/host:/container[:ro], or /container for an empty volume; host paths are EC2 only", short="v"),
    _no("volume-driver", "Batch has no volume drivers", "the `volumes` directive, for EFS", harmless=("", "local")),
    _no("volumes-from", "no other container stands beside the job's", "--volume, or the `volumes` directive"),
    _no("workdir", "a task runs in a folder of its own", "cd in the script", "w"),
)  # fmt: skip

BY_NAME: Final[Mapping[str, Option]] = {name: row for row in OPTIONS for name in (row.flag, *row.aliases)}
BY_SHORT: Final[Mapping[str, Option]] = {row.short: row for row in OPTIONS if row.short}

ELSEWHERE: Final[Mapping[str, str]] = {
    "bind": "that is another container tool's; docker writes --volume",
    "nv": "that is another container tool's; use --gpus 1 or the `accelerator` directive",
    "cleanenv": "that is another container tool's; a job's environment is clean anyway",
    "contain": "that is another container tool's; a job sees none of the instance's files anyway",
    "writable-tmpfs": "that is another container tool's; docker writes --tmpfs",
}
