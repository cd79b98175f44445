"""The job's command as a real process: under three shells, with both transfer tools, against a local S3."""

import json
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from tests.support.job_process import BUCKET, SHELLS, Place, aws, s3_server, s5cmd

from headrace.core import bootstrap_marks
from headrace.core.bootstrap import command
from headrace.core.bootstrap_marks import is_heartbeat
from headrace.core.errors import InvalidSpec
from headrace.core.job_script import EMPTY_FOLDER, Limits, run_script
from headrace.core.task_inputs import StagedFile
from headrace.core.task_work import DeclaredOutput
from headrace.core.values import File

HOSTILE = (
    "two words.txt",
    'quote\'s "both".txt',
    "new\nline.txt",
    "-rf.txt",
    "star*q?[a-z].txt",
    "100%20d\\n.txt",
    "naïve-名前-🧬.txt",
    "a #comment;$(touch hacked)`touch hacked`.txt",
    " blanks at both ends ",
    "tab\tand\x01control",
)


@pytest.fixture(scope="module")
def endpoint():
    """One S3 for all tests of this module."""
    with s3_server() as url:
        Place(url, Path()).client().create_bucket(Bucket=BUCKET)
        yield url


@pytest.fixture(params=SHELLS)
def shell(request):
    """Each shell a job may meet."""
    if shutil.which(SHELLS[request.param][0]) is None:
        pytest.skip(f"no {SHELLS[request.param][0]} here: apt-get install dash busybox-static")
    return request.param


@pytest.fixture(params=["s5cmd", "aws"])
def tool(request):
    """Each transfer tool."""
    found = s5cmd() if request.param == "s5cmd" else aws()
    if found is None:
        pytest.skip("no AWS CLI: pip install awscli in its own environment and set HEADRACE_TEST_AWS to its bin/aws")
    return found


@pytest.fixture(params=[("dash", "s5cmd"), ("bash", "s5cmd"), ("busybox", "s5cmd"), ("busybox", "aws")], ids="-".join)
def met(request):
    """Shell and tool as a job meets them together; the AWS CLI is slow, so one shell will do for it."""
    under, program = request.param
    found = {"s5cmd": s5cmd(), "aws": aws()}[program]
    if found is None or shutil.which(SHELLS[under][0]) is None:
        pytest.skip(
            f"no {under} or no {program} here: apt-get install dash busybox-static; HEADRACE_TEST_AWS=…/bin/aws"
        )
    return {"shell": under, "tool": found}


@pytest.fixture
def place(endpoint, tmp_path):
    """A piece of work of its own, with s5cmd and dash."""
    return Place(endpoint, tmp_path)


def path_output(path, **more):
    """A declared file."""
    return DeclaredOutput("path", path, **more)


def glob_output(path, **more):
    """A declared glob."""
    return DeclaredOutput("path", path, wildcard=True, **more)


def folder_output(path, **more):
    """A declared folder."""
    return DeclaredOutput("dir", path, **more)


def only(folder: Path, *programs: str) -> str:
    """A PATH with these programs and nothing else."""
    folder.mkdir()
    for program in programs:
        (folder / Path(program).name).symlink_to(shutil.which(program))
    return str(folder)


# --- names ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("under", SHELLS)
def test_hostile_names_round_trip_through_s5cmd(place, under):
    """Blanks, quotes, newlines, unicode, dashes, globs and command substitutions survive as inputs and as outputs."""
    assert_round_trip(place.using(shell=under))


def test_hostile_names_round_trip_through_aws(place):
    """The same with the AWS CLI, which takes one file per process or patterns."""
    if aws() is None:
        pytest.skip("no AWS CLI: set HEADRACE_TEST_AWS")
    assert_round_trip(place.using(tool=aws()))


def assert_round_trip(place):
    """Every name goes in as an input, comes out of a glob and of a folder, unchanged."""
    files = {f"in/{name}": f"content of {name!r}".encode() for name in HOSTILE}
    script = 'mkdir got kept\nfor f in in/*; do cp -- "$f" got/; cp -- "$f" kept/; done\n'
    plan = place.plan(
        script, inputs=place.staged(files), outputs={"g": glob_output("got/*"), "k": folder_output("kept/")}
    )
    ended = place.run(plan)
    assert ended.code == 0, ended.log
    expected = dict(zip(HOSTILE, files.values(), strict=True))
    assert ended.below("out/got/") == expected
    assert ended.below("out/kept/") == expected
    paths = [each.path for each in ended.manifest.outputs if each.name == "g"]
    assert sorted(paths) == sorted(f"got/{name}" for name in HOSTILE)
    values = ended.outputs()
    assert [file.uri.rpartition("/got/")[2] for file in values["g"]] == sorted(HOSTILE, key=str.encode)
    assert not list(place.folder.rglob("hacked"))


def test_a_folder_goes_in_and_out_with_all_below_it(place, met):
    """A URI that ends in a slash is staged whole; a folder output lists every file below it."""
    for name in ("a", "deep/er/b c", "deep/.hidden"):
        place.put(f"tree/{name}", name.encode())
    tree = StagedFile("t", "got", File(f"{place.prefix}in/tree/"))
    plan = place.plan("cp -r got made\n", inputs=(tree,), outputs={"d": folder_output("made/")})
    ended = place.using(**met).run(plan)
    assert ended.code == 0, ended.log
    assert ended.below("out/made/") == {"a": b"a", "deep/er/b c": b"deep/er/b c", "deep/.hidden": b"deep/.hidden"}
    folder = ended.outputs()["d"]
    assert folder.uri.endswith("/out/made/")
    assert folder.size == sum(map(len, ended.below("out/made/").values()))


def test_a_folder_with_wildcards_in_its_name_is_only_itself(place):
    """s5cmd would take `w*d/` for every folder like it."""
    place.put("w*d/one", b"1")
    place.put("wild/two", b"2")
    tree = StagedFile("t", "got", File(f"{place.prefix}in/w*d/"))
    ended = place.run(place.plan("ls got >o", inputs=(tree,), outputs={"o": path_output("o")}))
    assert ended.code == 0, ended.log
    assert ended.below("out/") == {"o": b"one\n"}


def test_a_key_that_leads_out_of_its_folder_is_refused(place, tool):
    """An object below a folder whose key has `..` would be written beside it; nothing of the kind happens."""
    place.put("tree/ok", b"1")
    place.put("tree/../../escaped", b"2")
    tree = StagedFile("t", "got", File(f"{place.prefix}in/tree/"))
    ended = place.using(tool=tool).run(place.plan(":", inputs=(tree,)))
    assert ended.code == bootstrap_marks.STAGE_IN_FAILED
    assert not list(place.folder.rglob("escaped"))


def test_an_empty_folder_goes_out_and_in_again(place):
    """S3 shows nothing of an empty folder: the manifest does, and whoever stages it makes it."""
    first = place.run(place.plan("mkdir d", outputs={"d": folder_output("d/")}))
    assert first.raw_manifest["outputs"] == [{"name": "d", "path": "d/", "dir": True}]
    made = first.outputs()["d"]
    assert (made.size, made.etag) == (0, EMPTY_FOLDER)
    again = place.plan("ls -a got >o", inputs=(StagedFile("d", "got", made),), outputs={"o": path_output("o")})
    assert place.run(again).below("out/") == {"o": b".\n..\n"}


# --- what the image has --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("under", ["dash", "bash"])
def test_the_image_needs_a_shell_and_the_tool_only(place, under):
    """With nothing in PATH but s5cmd, files go in and out, also into folders, with stdout and a manifest."""
    place = place.using(shell=under)
    path = only(place.folder / "bin", s5cmd())
    script = "while IFS= read -r line; do printf '%s\\n' \"$line\"; done <deep/in.txt >deep/out.txt\necho said\n"
    plan = place.plan(
        script,
        inputs=place.staged({"deep/in.txt": b"one\ntwo\n", "o'dd\nname": b"x"}),
        outputs={"o": path_output("deep/out.txt"), "s": DeclaredOutput("stdout", ".headrace/stdout")},
    )
    ended = place.run(plan, PATH=path, HEADRACE_CLI="")
    assert ended.code == 0, ended.log
    assert ended.below("out/") == {"deep/out.txt": b"one\ntwo\n", ".headrace/stdout": b"said\n"}
    assert "said" in ended.log.splitlines()


def test_no_transfer_tool_is_said_with_the_three_ways(place, shell):
    """Without any tool the job ends with a code of its own and says how to give it one; its first mark is there."""
    place = place.using(shell=shell)
    ended = place.run(place.plan(":"), PATH=only(place.folder / "bin"), HEADRACE_CLI="")
    assert ended.code == bootstrap_marks.TRANSFER_TOOL_MISSING
    assert bootstrap_marks.is_mark(ended.log.splitlines()[0])
    for way in ("cliPath", "/opt/headrace/bin/s5cmd", "in the image"):
        assert way in ended.log


def test_a_tool_that_was_named_and_is_absent_is_no_reason_to_take_another(place):
    """HEADRACE_CLI says which tool; a missing mount must show, not be papered over."""
    ended = place.run(place.plan(":"), HEADRACE_CLI="/nowhere/aws")
    assert ended.code == bootstrap_marks.TRANSFER_TOOL_MISSING
    assert "HEADRACE_CLI=/nowhere/aws" in ended.log


def test_a_shell_that_the_image_lacks_is_named(place):
    """`shell: bash` in an image without bash ends with its own code before anything runs."""
    ended = place.run(place.plan("echo ran", shell=("no-such-shell", "-e")))
    assert ended.code == bootstrap_marks.SHELL_MISSING
    assert "'no-such-shell'" in ended.log
    assert "ran" not in ended.log.split()


def test_a_job_whose_files_are_gone_says_which(place):
    """When run.sh cannot be fetched the log names the prefix, and the code is stage-in's."""
    text = command(f"{place.prefix}j/none.1.1/run.sh")[2]
    environment = place.environment(PATH=only(place.folder / "bin", "dash"))
    done = subprocess.run(["dash", "-c", text], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == bootstrap_marks.STAGE_IN_FAILED
    assert f"{place.prefix}j/none.1.1/" in done.stdout


# --- inputs --------------------------------------------------------------------------------------------------------------


def test_an_input_that_is_gone_fails_by_name(place, met):
    """A 404 ends the job before the script, with the input and its URI in the log and in the manifest."""
    gone = StagedFile("reads", "r.fq", File(f"{place.prefix}in/gone.fq", 5))
    plan = place.plan("echo ran >ran", inputs=(*place.staged({"there": b"1"}), gone), outputs={"o": path_output("ran")})
    ended = place.using(**met).run(plan)
    assert ended.code == bootstrap_marks.STAGE_IN_FAILED, ended.log
    assert (ended.manifest.stage, ended.manifest.exit_code) == ("stage-in", None)
    assert ended.manifest.problems == (f"input 'reads' ({gone.file.uri}) could not be fetched",)
    assert f"input 'reads' ({gone.file.uri})" in ended.log
    assert ended.below("out/") == {}


def test_an_input_of_another_size_fails_by_name(place, shell):
    """An object that was replaced after the task was planned is not what the task was planned for."""
    (given,) = place.staged({"r.fq": b"12345"}, "reads")
    short = StagedFile("reads", "r.fq", File(given.file.uri, 7))
    ended = place.using(shell=shell).run(place.plan(":", inputs=(short,)))
    assert ended.code == bootstrap_marks.STAGE_IN_FAILED
    assert "has 5 bytes, expected 7" in ended.log


def test_hundreds_of_inputs_move_in_one_process(place):
    """A gather's list is one command file: every input arrives, and s5cmd is started once for them."""
    part = place.put("one 'part'", b"1")
    files = tuple(StagedFile("parts", f"parts/p {n}'.txt", part) for n in range(600))
    counted = place.folder / "counting" / "s5cmd"
    counted.parent.mkdir()
    counted.write_text(f'#!/bin/sh\necho "$*" >>{counted.parent}/calls\nexec {s5cmd()} "$@"\n')
    counted.chmod(0o755)
    lists = {".headrace/lists/1": tuple(each.path for each in files)}
    script = 'n=0; while IFS= read -r f; do [ -f "$f" ]; n=$((n + 1)); done <.headrace/lists/1; echo $n >count\n'
    plan = place.plan(script, inputs=files, outputs={"n": path_output("count")}, lists=lists)
    ended = place.using(tool=str(counted)).run(plan)
    assert ended.code == 0, ended.log[-2000:]
    assert ended.below("out/") == {"count": b"600\n"}
    calls = (counted.parent / "calls").read_text().splitlines()
    assert len(calls) == 4, "the job's files, the inputs, the outputs, the manifest"


def test_aws_takes_the_files_of_one_folder_together(place):
    """Many inputs of one folder are one recursive copy, not a process each."""
    if aws() is None:
        pytest.skip("no AWS CLI: set HEADRACE_TEST_AWS")
    files = place.staged({f"parts/p[{n}]*.txt": str(n).encode() for n in range(12)}, "parts")
    place.put("parts/other", b"not asked for")
    counted = place.folder / "counting" / "aws"
    counted.parent.mkdir()
    counted.write_text(f'#!/bin/sh\necho "$*" >>{counted.parent}/calls\nexec {aws()} "$@"\n')
    counted.chmod(0o755)
    plan = place.plan("ls parts >names", inputs=files, outputs={"n": path_output("names")})
    ended = place.using(tool=str(counted)).run(plan)
    assert ended.code == 0, ended.log
    assert len(ended.below("out/")["names"].splitlines()) == 12
    assert len((counted.parent / "calls").read_text().splitlines()) == 4


def test_the_task_finds_its_table_and_its_environment(place):
    """`.headrace/inputs.tsv`, the exported names, and a locale that is the image's own."""
    made = StagedFile("x", "a\tb", File(place.put("f", b"1").uri, 1, key={"sample": "s1"}))
    plan = place.plan(
        'cp .headrace/inputs.tsv t; printf "%s|%s" "$HEADRACE_KEY_SAMPLE" "$LC_ALL" >e',
        inputs=(made,),
        outputs={"t": path_output("t"), "e": path_output("e")},
        environment={"HEADRACE_KEY_SAMPLE": "it's $HOME"},
    )
    assert place.run(plan, LC_ALL="C.UTF-8").below("out/") == {
        "t": b"input\tpath\tsample\nx\ta\\tb\ts1\n",
        "e": b"it's $HOME|C.UTF-8",
    }


# --- the script ----------------------------------------------------------------------------------------------------------


def test_the_exit_code_is_kept_and_what_onfailure_names_is_uploaded(place, met):
    """A script that ends with 7 ends the job with 7; its outputs stay behind, its logs do not."""
    script = "mkdir -p logs core\necho why >logs/a.log\necho n >'core/b c'\necho out >o\nexit 7\n"
    plan = place.plan(script, outputs={"o": path_output("o")}, on_failure=("logs/*.log", "core", "none*"))
    ended = place.using(**met).run(plan)
    assert ended.code == 7
    assert (ended.manifest.stage, ended.manifest.exit_code) == ("script", 7)
    assert ended.below("failure/") == {"logs/a.log": b"why\n", "core/b c": b"n\n"}
    assert ended.below("out/") == {}


def test_stdout_is_an_output_byte_for_byte_and_still_in_the_log(place, shell):
    """What the script prints becomes a file and is repeated in the log; stderr goes to the log at once."""
    plan = place.plan("printf 'one\\ntwo'; echo err >&2", outputs={"s": DeclaredOutput("stdout", ".headrace/stdout")})
    ended = place.using(shell=shell).run(plan)
    assert ended.below("out/") == {".headrace/stdout": b"one\ntwo"}
    assert {"one", "two", "err"} <= set(ended.log.splitlines())


def test_a_job_gives_signs_of_life(place, shell):
    """While the script works, and none after the end; what it prints is its own."""
    plan = place.plan("sleep 2.5; echo done >&2", limits=Limits(heartbeat_s=1))
    ended = place.using(shell=shell).run(plan)
    beats = [line for line in ended.log.splitlines() if is_heartbeat(line)]
    assert beats
    assert ended.log.splitlines()[-1] == "headrace: done, exit code 0"
    assert ended.code == 0


@pytest.mark.parametrize("leads", [True, False], ids=["leads its group", "within a group"])
def test_sigterm_reaches_all_the_script_started_and_is_reported(place, shell, leads):
    """The script's trap runs, its background children end too, and the manifest says what happened."""
    script = "trap 'echo caught >caught; exit 9' TERM\nsh -c 'echo ready; exec sleep 45' &\nwait\n"
    plan = place.plan(script, on_failure=("caught",))
    place = place.using(shell=shell)
    with place.start(plan, leads=leads) as process:
        lines = iter(process.stdout.readline, "")
        assert any(line == "ready\n" for line in lines)
        process.send_signal(signal.SIGTERM)
        # The pipe ends only when nobody holds it any more: the background child is gone.
        log = process.communicate(timeout=30)[0]
    ended = place.ended(plan, process.returncode, log)
    assert ended.code == 9, log
    assert (ended.manifest.stage, ended.manifest.exit_code, ended.manifest.signal) == ("script", 9, "TERM")
    assert ended.below("failure/") == {"caught": b"caught\n"}
    assert "SIGTERM" in log


def test_a_script_that_ignores_sigterm_is_killed_after_the_grace_period(place, shell):
    """There is still time to report: the script is killed before the container is."""
    script = "trap '' TERM\necho ready\nwhile :; do sleep 0.1; done\n"
    plan = place.plan(script, limits=Limits(grace_s=1))
    place = place.using(shell=shell)
    with place.start(plan) as process:
        assert any(line == "ready\n" for line in iter(process.stdout.readline, ""))
        process.send_signal(signal.SIGTERM)
        log = process.communicate(timeout=60)[0]
    ended = place.ended(plan, process.returncode, log)
    assert ended.code == 137, log
    assert ended.manifest.signal == "TERM"


def test_every_attempt_has_a_folder_of_its_own(place):
    """Two attempts, and two jobs of an array, neither see each other's files nor write over them."""
    plan = place.plan("[ ! -e o ]; echo $AWS_BATCH_JOB_ATTEMPT >o", outputs={"o": path_output("o")})
    first = place.run(plan)
    second = place.run(plan, AWS_BATCH_JOB_ATTEMPT="2")
    child = place.run(plan, AWS_BATCH_JOB_ID="job-1:3")
    assert [each.code for each in (first, second, child)] == [0, 0, 0]
    assert [each.below("out/")["o"] for each in (first, second, child)] == [b"1\n", b"2\n", b"1\n"]
    assert child.attempt.endswith("/a/job-1:3.1/")
    again = place.run(plan)
    assert again.code == 0, "the same attempt once more on one machine"


# --- outputs -------------------------------------------------------------------------------------------------------------


def test_outputs_that_were_not_written_are_all_named(place, shell):
    """The script ended well, the task fails: the manifest lists every missing output, an optional one is none of them."""
    outputs = {
        "a": path_output("a"),
        "g": glob_output("*.vcf"),
        "d": folder_output("d/"),
        "o": path_output("o", optional=True),
        "og": glob_output("*.bam", optional=True),
    }
    ended = place.using(shell=shell).run(place.plan("echo log >x.log", outputs=outputs, on_failure=("*.log",)))
    assert ended.code == bootstrap_marks.OUTPUT_MISSING
    assert (ended.manifest.stage, ended.manifest.exit_code) == ("stage-out", 0)
    assert ended.manifest.missing == ("a", "g", "d")
    assert ended.below("failure/") == {"x.log": b"log\n"}


def test_optional_outputs_that_are_absent_are_none_or_no_items(place):
    """An absent optional file is none, an absent optional glob is an empty list."""
    outputs = {"o": path_output("o", optional=True), "og": glob_output("*.bam", optional=True)}
    ended = place.run(place.plan(":", outputs=outputs))
    assert ended.code == 0
    assert ended.outputs() == {"o": None, "og": []}


def test_a_glob_is_the_shells_and_never_takes_inputs_or_folders(place, shell):
    """Wildcards match within the task's folder, bytewise in order; a quoted part of a pattern is only text."""
    outputs = {"g": glob_output("[b-z]?*.txt"), "q": glob_output("it's $HOME/*[!x]")}
    script = (
        'mkdir zz.txt "it\'s \\$HOME"; : >b1.txt; : >Za.txt; : >b10.txt; : >"it\'s \\$HOME/ay"; : >"it\'s \\$HOME/ax"\n'
    )
    plan = place.plan(script, inputs=place.staged({"bin.txt": b"an input"}), outputs=outputs)
    ended = place.using(shell=shell).run(plan, LC_ALL="en_US.UTF-8")
    assert ended.code == 0, ended.log
    assert [each["path"] for each in ended.raw_manifest["outputs"]] == ["b1.txt", "b10.txt", "it's $HOME/ay"]


def test_links_are_followed_to_files_and_only_inside_to_folders(place, shell):
    """A link to a file is its content; a link to a folder elsewhere, or in a circle, is refused by name."""
    good = place.plan(
        "mkdir d real; echo 1 >real/f; ln -s ../real/f d/file; ln -s ../real d/folder; ln -s nowhere d/broken",
        outputs={"d": folder_output("d/")},
    )
    ended = place.using(shell=shell).run(good)
    assert ended.code == 0, ended.log
    assert ended.below("out/d/") == {"file": b"1\n", "folder/f": b"1\n"}
    assert "d/broken" in ended.log
    for target, reason in (("/etc", "outside"), ("..", "outside"), ("../d", "holds it")):
        bad = place.run(place.plan(f"mkdir d; echo 1 >d/f; ln -s {target} d/l", outputs={"d": folder_output("d/")}))
        assert bad.code == bootstrap_marks.STAGE_OUT_FAILED
        assert "'d/l'" in bad.manifest.problems[0]
        assert reason in bad.manifest.problems[0]


def test_links_that_lead_to_each_other_end(place, shell):
    """Two folders that link to each other are no endless upload."""
    script = "mkdir -p d/a d/b; ln -s ../b d/a/l; ln -s ../a d/b/l; echo 1 >d/a/f"
    ended = place.using(shell=shell).run(place.plan(script, outputs={"d": folder_output("d/")}))
    assert ended.code == bootstrap_marks.STAGE_OUT_FAILED
    assert any("circle" in each for each in ended.manifest.problems)


def test_a_pipe_among_the_outputs_does_not_hang_the_upload(place, tool):
    """What is no regular file is left out and said; the AWS CLI's complaint about it costs nothing."""
    script = "mkdir d; mkfifo d/pipe; for n in 1 2 3 4 5 6; do echo $n >d/$n; done"
    ended = place.using(tool=tool).run(place.plan(script, outputs={"d": folder_output("d/")}))
    assert ended.code == 0, ended.log
    assert set(ended.below("out/d/")) == set("123456")
    assert "d/pipe" in ended.log


def test_values_come_from_json_files(place):
    """`{json: file, at: path}` is typed: a number stays one."""
    outputs = {"n": DeclaredOutput("json", "r.json", data_path=("stats", "1", "n"))}
    ended = place.run(place.plan("""echo '{"stats": [0, {"n": 42}]}' >r.json""", outputs=outputs))
    assert ended.outputs() == {"n": 42}


def test_outputs_that_cannot_be_stored_fail_as_such(place, tool):
    """A bucket that takes nothing ends the job with stage-out's code, although the script ended well."""
    plan = place.plan("echo 1 >o", outputs={"o": path_output("o")})
    object.__setattr__(plan, "attempts", "s3://no-such-bucket-at-all/a/")
    ended = place.using(tool=tool).run(plan)
    assert ended.code == bootstrap_marks.STAGE_OUT_FAILED
    assert "the outputs could not be uploaded" in ended.log


def test_an_upload_that_was_cut_is_no_result(place):
    """An object that is shorter in the bucket than on the machine, or gone, is named and nothing is committed."""
    plan = place.plan("echo 12345 >o; echo 1 >p", outputs={"o": path_output("o"), "p": path_output("p")})
    place.run(plan)
    key = f"{place.prefix}a/job-1.1/out/".removeprefix(f"s3://{BUCKET}/")
    place.client().put_object(Bucket=BUCKET, Key=f"{key}o", Body=b"12")
    place.client().delete_object(Bucket=BUCKET, Key=f"{key}p")
    with pytest.raises(InvalidSpec) as caught:
        place.ended(plan, 0, "").outputs()
    assert [problem.path for problem in caught.value.problems] == ["outputs.o", "outputs.p"]


def test_the_manifest_is_plain_json_of_the_agreed_shape(place):
    """`version`, `exitCode`, `stage`, `outputs`, `missing` as docs/contracts.md says."""
    ended = place.run(place.plan("echo 1 >o", outputs={"o": path_output("o")}))
    assert ended.raw_manifest == {
        "version": 1,
        "outputs": [{"name": "o", "path": "o", "size": 2}],
        "missing": [],
        "problems": [],
        "stage": "done",
        "exitCode": 0,
    }


# --- the text ------------------------------------------------------------------------------------------------------------


def test_shellcheck_finds_nothing_in_what_is_generated(tmp_path):
    """Both scripts are clean POSIX sh, also with hostile names in them."""
    if shutil.which("shellcheck") is None:
        pytest.skip("no shellcheck here: apt-get install shellcheck")
    place = Place("http://127.0.0.1:1", tmp_path)
    inputs = tuple(StagedFile("x", name, File(f"{place.prefix}in/{name}", 1)) for name in HOSTILE)
    outputs = {
        "g": glob_output("a b*'[x-z]"),
        "d": folder_output("d/"),
        "s": DeclaredOutput("stdout", ".headrace/stdout"),
    }
    files = run_script(place.plan("", inputs=inputs, outputs=outputs, on_failure=("*.log",), environment={"A": "it's"}))
    (tmp_path / "run.sh").write_bytes(files["run.sh"])
    (tmp_path / "command.sh").write_text(command(f"{place.prefix}j/r.1.1/run.sh")[2])
    done = subprocess.run(
        ["shellcheck", "-f", "json", "-S", "warning", "-s", "sh", "command.sh", "run.sh"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert json.loads(done.stdout) == []
