"""What Step Functions, a log and an exit code say of an attempt, where Batch's reasons say nothing.

`SUBMITS` is matched against `<error>: <cause>` of Step Functions
(https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html and Batch's API errors), `STARTS` and
`LOGS` against lines of the log. The first rule that matches wins.
"""

from __future__ import annotations

from typing import Final

from headrace.core.outcome_classes import OutcomeClass, Rule, rule

C = OutcomeClass

_HTTP_5XX = r"Status ?Code: 5\d\d"

SUBMITS: Final[tuple[Rule, ...]] = (
    rule(
        C.THROTTLED,
        r"TooManyRequests|ThrottlingException|Rate exceeded|Status ?Code: 429",
        "Batch took no more requests for too long",
    ),
    rule(
        C.SUBMIT_REFUSED,
        r"Job size must be less than (?P<most>[\d.]+ ?KiB), got (?P<size>[\d.]+ ?KiB)",
        "its request is {size}, Batch takes {most}",
        "pass fewer or shorter values by env and params",
        firm=True,
    ),
    rule(
        C.PERMISSION,
        r"^(?:Batch|States)\.\w*(?:AccessDenied|Permissions|NotAuthorized)\w*|(?:is not authorized to perform: ?(?P<action>[\w:]+))|AccessDeniedException",
        "the state machine's role may not submit it: {detail}",
        "add the action to the role of the state machine (template.yaml), or allow the job role in the stack's parameters",
        firm=True,
    ),
    rule(
        C.SUBMIT_REFUSED,
        r"^Batch\.ClientException:.*(?:JobQueue|job queue) (?P<queue>\S+) (?:not found|does not exist|(?:is not in|is in) )",
        "Batch does not take jobs for the queue {queue}",
        "correct queue; it must exist in this region and be enabled",
        firm=True,
    ),
    rule(
        C.ENGINE,
        r"^Batch\.ClientException:.*Job ?Definition \S*\bhr-\S+ .*(?:not found|does not exist|INACTIVE|not ACTIVE)",
        "its job definition was taken away; it is registered again",
    ),
    rule(
        C.SUBMIT_REFUSED,
        r"^Batch\.ClientException:.*Job ?Definition.*(?:not found|does not exist|INACTIVE|not ACTIVE)",
        "its job definition is not there any more",
        "correct job-definition://…",
    ),
    rule(
        C.ENGINE,
        rf"^Batch\.(?:ServerException|AWSBatchException|BatchException)\b|{_HTTP_5XX}",
        "AWS Batch failed to take it: {detail}",
    ),
    rule(C.SUBMIT_REFUSED, r"^Batch\.", "Batch refused it: {detail}", firm=True),
    rule(
        C.TIMEOUT,
        r"^States\.(?:Timeout|HeartbeatTimeout)\b",
        "did not end within the state machine's limit, waiting included",
        "find out why it waited (headrace status), then resume",
    ),
    rule(
        C.ENGINE, r"^(?:States\.(?!TaskFailed)|Lambda\.|Sandbox\.|Runtime\.)\S*", "Headrace could not go on: {detail}"
    ),
)

LOGS: Final[tuple[Rule, ...]] = (
    rule(
        C.OUT_OF_MEMORY,
        r"java\.lang\.OutOfMemoryError|std::bad_alloc|\bMemoryError\b|Cannot allocate memory|cannot allocate vector of size"
        r"|oom-kill|Out of memory: Kill|\bout of memory\b|Unable to allocate .* for an array",
        "ran out of memory ({line})",
    ),
    rule(C.DISK_FULL, r"No space left on device|\bENOSPC\b|Disk quota exceeded", "its disk was full ({line})"),
    rule(
        C.PERMISSION,
        r"AccessDenied|is not authorized to perform|Unable to locate credentials|NoCredentialProviders|ExpiredToken|InvalidAccessKeyId",
        "AWS refused it ({line})",
        "give the job role (jobRole) the permission named in the log line, then resume",
    ),
    rule(C.ARCHITECTURE, r"exec format error", "a program in {image} is built for another CPU ({line})", firm=True),
)

STARTS: Final[tuple[Rule, ...]] = (
    rule(C.ARCHITECTURE, r"exec format error", "{image} is built for another CPU", firm=True),
    rule(
        C.ENTRYPOINT,
        r"exec user process caused.*no such file or directory|no such file or directory|not found|usage:|unrecognized|unknown command",
        "the image's ENTRYPOINT did not run the job's command ({line})",
        firm=True,
    ),
)
"""Log lines of a container that ended before the bootstrap's first mark."""

EXITS: Final[dict[int, tuple[OutcomeClass, str, str]]] = {
    2: (C.EXIT, "the script ended with exit code 2 (often a wrong option or a syntax error)", ""),
    124: (
        C.EXIT,
        "a command was stopped by `timeout` (exit code 124)",
        "raise the limit given to `timeout` in the script",
    ),
    125: (C.EXIT, "the script ended with exit code 125 (a wrapper could not start its command)", ""),
    126: (
        C.EXIT,
        "a command is not executable (exit code 126)",
        "make it executable, or call it through its interpreter",
    ),
    127: (C.EXIT, "a command was not found (exit code 127)", "use an image that has it, or correct its name or PATH"),
    128: (C.EXIT, "the script ended with exit code 128 (an invalid exit value, or git)", ""),
    129: (C.EXIT, "killed by SIGHUP (exit code 129)", ""),
    130: (C.EXIT, "interrupted by SIGINT (exit code 130)", ""),
    131: (C.EXIT, "killed by SIGQUIT (exit code 131)", ""),
    132: (
        C.ARCHITECTURE,
        "a program used an instruction this CPU does not have (SIGILL, exit code 132)",
        "use a queue of newer CPUs, or a build for the ones it has",
    ),
    133: (C.EXIT, "killed by SIGTRAP (exit code 133)", ""),
    134: (C.EXIT, "a program aborted (SIGABRT, exit code 134)", "read the assertion or exception in the log"),
    135: (
        C.EXIT,
        "a memory-mapped file could not be read (SIGBUS, exit code 135)",
        "raise --shm-size in containerOptions or disk; then look at the file",
    ),
    136: (C.EXIT, "arithmetic error (SIGFPE, exit code 136)", ""),
    137: (C.OUT_OF_MEMORY, "killed (SIGKILL, exit code 137), most likely for using more than its {memory}", ""),
    139: (
        C.EXIT,
        "a program crashed (segmentation fault, exit code 139)",
        "look at the program and its input; try another version",
    ),
    141: (
        C.EXIT,
        "a pipe was closed early (SIGPIPE, exit code 141)",
        "let the left side finish, or drop `-o pipefail` for that line",
    ),
    143: (
        C.EXIT,
        "stopped from outside (SIGTERM, exit code 143)",
        "resume; if it comes again, see who stops the host or the job",
    ),
}
"""What exit codes mean by convention: the shell's (126 to 128), 128 + signal, and coreutils' (124, 125)."""
