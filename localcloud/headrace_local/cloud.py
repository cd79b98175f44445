"""Starting, finding and ending local clouds.

A cloud is one background process with a folder of its own: `cloud.json` says where it listens, `cloud.log` what went
wrong. The folder is below the user's cache folder, keyed by the checkout, so that several clones have several clouds;
HEADRACE_LOCAL_HOME names another one.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import http.client
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from headrace.core.errors import Refused
from headrace_local.place import CONTROL

IDLE_S: Final = 1800.0
_START_S: Final = 60.0
_STOP_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class Cloud:
    """A running local cloud."""

    endpoint: str
    pid: int
    home: Path

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One request to the control endpoint (control.py lists them); `Refused` with its message."""
        return _ask(self.endpoint, method, path, body)

    def status(self) -> dict[str, Any]:
        """What it is doing, and what it only records."""
        return dict(self.ask("GET", "/status"))

    def alerts(self) -> list[dict[str, Any]]:
        """The notifications sent so far, oldest first."""
        return list(self.ask("GET", "/alerts"))


def home_of(checkout: Path | None = None) -> Path:
    """The folder of this checkout's cloud; HEADRACE_LOCAL_HOME goes before it."""
    if named := os.environ.get("HEADRACE_LOCAL_HOME"):
        return Path(named).absolute()
    place = (checkout or Path.cwd()).resolve()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "headrace" / "local" / f"{place.name}-{hashlib.sha256(str(place).encode()).hexdigest()[:12]}"


def find(home: Path) -> Cloud | None:
    """The cloud of this folder, when it is running and answers."""
    try:
        said = json.loads((home / "cloud.json").read_text())
        status = _ask(said["endpoint"], "GET", "/status")
    except (OSError, ValueError, KeyError, Refused):
        return None
    return Cloud(said["endpoint"], said["pid"], home) if status["home"] == str(home) else None


def start(
    home: Path, *, vcpus: float | None = None, memory_mib: int | None = None, idle_s: float = IDLE_S, port: int = 0
) -> Cloud:
    """The cloud of this folder, started when it is not running. Capacity is this machine's unless given."""
    home = home.absolute()
    home.mkdir(parents=True, exist_ok=True)
    with _only_one_starter(home):
        return find(home) or _start(
            home, {"--vcpus": vcpus, "--memory-mib": memory_mib, "--idle-s": idle_s, "--port": port}
        )


def stop(home: Path) -> bool:
    """End the cloud of this folder with everything it started; whether there was one. Nothing in it survives."""
    cloud = find(home.absolute())
    if cloud is None:
        return False
    with contextlib.suppress(OSError, Refused):
        cloud.ask("POST", "/stop")
    if not _gone(cloud.pid, _STOP_S):
        os.kill(cloud.pid, signal.SIGKILL)
        _gone(cloud.pid, _STOP_S)
    return True


def reset(home: Path) -> None:
    """End the cloud and remove its folder."""
    stop(home)
    shutil.rmtree(home, ignore_errors=True)


def _start(home: Path, options: dict[str, float | None]) -> Cloud:
    (home / "cloud.json").unlink(missing_ok=True)
    words = [word for name, value in options.items() if value is not None for word in (name, f"{value:.15g}")]
    command = [
        sys.executable,
        "-m",
        "headrace_local.server",
        "--home",
        str(home),
        "--starter",
        str(os.getpid()),
        *words,
    ]
    pid = _spawn(command, home / "cloud.log")
    try:
        return _wait(home, pid)
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        _gone(pid, _STOP_S)
        raise


def _spawn(command: list[str], log: Path) -> int:
    """A process of its own session that outlives us; a Popen object would complain about being forgotten."""
    appending = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), appending, 0o644),
        (os.POSIX_SPAWN_OPEN, 2, str(log), appending, 0o644),
    ]
    return os.posix_spawn(command[0], command, _environment(), file_actions=files, setsid=True)


def _wait(home: Path, pid: int) -> Cloud:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        if (home / "cloud.json").exists() and (cloud := find(home)) is not None:
            return cloud
        if _gone(pid, 0.05):
            break
    tail = (home / "cloud.log").read_text(errors="replace")[-2000:]
    raise Refused(f"the local cloud did not start; {home / 'cloud.log'} ends with:\n{tail}")


def _environment() -> dict[str, str]:
    """The packages of this process, wherever they come from, are the cloud's."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def _ask(endpoint: str, method: str, path: str, body: Any = None) -> Any:
    """Straight to the loopback: proxies of the environment are not asked."""
    connection = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=30)
    try:
        connection.request(method, CONTROL + path, body=None if body is None else json.dumps(body))
        response = connection.getresponse()
        answer = json.loads(response.read())
    finally:
        connection.close()
    if response.status >= 400:
        raise Refused(" ".join(str(answer.get(name) or "") for name in ("message", "expected", "hint")).strip())
    return answer


@contextlib.contextmanager
def _only_one_starter(home: Path) -> Iterator[None]:
    with (home / "starting.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _gone(pid: int, within_s: float) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False
