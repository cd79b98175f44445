"""The process of a local cloud: `python -m headrace_local.server --home FOLDER`.

It says where it listens by writing `<home>/cloud.json` once it serves, and removes the file when it ends. It ends on TERM,
INT or `POST /_headrace/stop`, after some idle time without calls and without live work, and when the process that was
starting it dies before the cloud is up. It takes its workers and jobs with it.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import shutil
import signal
import sys
import threading
from pathlib import Path
from typing import Any, Final

from headrace_local.place import REGION

_log = logging.getLogger("headrace_local")
_TICK_S: Final = 1.0


def main(arguments: list[str] | None = None) -> int:
    """Run a cloud until it is told to end."""
    options = _options(arguments)
    home = Path(options.home)
    home.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    _log.setLevel(logging.INFO)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())
    cloud = _start(home, options)
    _announce(home, cloud)
    try:
        _serve(cloud, ended, options)
    finally:
        _end(home, cloud)
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="headrace_local.server")
    parser.add_argument("--home", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--vcpus", type=float, default=float(os.cpu_count() or 1))
    parser.add_argument("--memory-mib", type=int, default=_machine_memory_mib())
    parser.add_argument("--idle-s", type=float, default=1800.0)
    parser.add_argument("--starter", type=int, default=0, help="end when this process dies before the cloud is up")
    return parser.parse_args(arguments)


def _start(home: Path, options: argparse.Namespace) -> Any:
    watch = threading.Event()
    if options.starter:
        threading.Thread(target=_watch_starter, args=(options.starter, watch), daemon=True).start()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]  # whatever the user's AWS settings say, nothing here leaves this process
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": REGION,
        "MOTO_ALLOW_NONEXISTENT_REGION": "false",
    }
    from moto import mock_aws

    from headrace_local import control, guardian, patches, schedules, surroundings, web

    threading.stack_size(2 * 1024 * 1024)
    mock_aws(
        config={
            "stepfunctions": {"execute_state_machine": True},
            "lambda": {"use_docker": True},
            "batch": {"use_docker": True},
        }
    ).start()
    patches.apply()
    server = web.Server(web.application(control.answer), options.port)
    surroundings.settle(
        surroundings.Surroundings(f"http://127.0.0.1:{server.port}", home, options.vcpus, options.memory_mib)
    )
    guardian.start()
    server.start()
    schedules.start()
    _collect_seldom()
    watch.set()
    _log.info("serving on http://127.0.0.1:%d; %s", server.port, control.IMAGES)
    return server


def _collect_seldom() -> None:
    """What is loaded by now stays, and most of what comes after: to walk through all of it costs seconds where pages were swapped out."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _announce(home: Path, server: Any) -> None:
    fresh = home / "cloud.json.new"
    fresh.write_text(json.dumps({"endpoint": f"http://127.0.0.1:{server.port}", "pid": os.getpid()}))
    fresh.replace(home / "cloud.json")


def _serve(_server: Any, ended: threading.Event, options: argparse.Namespace) -> None:
    from headrace_local import control, web

    while not ended.wait(0.05) and not control.stopping.wait(_TICK_S):
        if web.idle_s() > options.idle_s and control.live() == 0:
            _log.info("idle for %.0f s", options.idle_s)
            return


def _end(home: Path, server: Any) -> None:
    from headrace_local import batch_scheduler, event_sources, lambda_workers, patch_step_functions_executions

    (home / "cloud.json").unlink(missing_ok=True)
    server.stop()
    batch_scheduler.stop()
    event_sources.stop_all()
    patch_step_functions_executions.stop_all()
    lambda_workers.close_all()
    for part in ("jobs", "code"):
        shutil.rmtree(home / part, ignore_errors=True)
    _log.info("ended")
    logging.shutdown()
    os._exit(0)  # threads that still wait have nothing left to do


def _watch_starter(pid: int, up: threading.Event) -> None:
    while not up.wait(0.5):
        if os.getppid() != pid:
            os._exit(1)


def _machine_memory_mib() -> int:
    return int(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20)


if __name__ == "__main__":
    sys.exit(main())
