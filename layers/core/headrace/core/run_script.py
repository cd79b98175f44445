"""run.sh: stage in, run the user's script, stage out, write the manifest. POSIX sh, sourced by the container's command.

Every file moves in one process of the transfer tool: with s5cmd a list of commands, with the aws CLI a few processes at a
time. Names are quoted for the list and escaped for the manifest by the shell itself, because the image may hold nothing but
/bin/sh. The manifest is the last thing written: without it there was no result.

`stage` in the manifest is how far it came; `exitCode` is the user's script's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from headrace.core import bootstrap_marks as marks
from headrace.core.task_work import STDOUT, DeclaredOutput

_PARALLEL: Final = 4

_FUNCTIONS: Final = r"""
hr_quote() { # the argument, quoted for the tool's list, in $hr_quoted
  hr_rest=$1 hr_quoted="'"
  while :; do
    case $hr_rest in
    *\'*) hr_quoted="$hr_quoted${hr_rest%%\'*}'\\''" hr_rest=${hr_rest#*\'} ;;
    *) break ;;
    esac
  done
  hr_quoted="$hr_quoted$hr_rest'"
}
hr_replace() { # $hr_text with every $1 replaced by $2
  hr_rest=$hr_text hr_text=
  while :; do
    case $hr_rest in
    *"$1"*) hr_text="$hr_text${hr_rest%%"$1"*}$2" hr_rest=${hr_rest#*"$1"} ;;
    *) break ;;
    esac
  done
  hr_text=$hr_text$hr_rest
}
hr_json() { # the argument as a JSON string, in $hr_text
  hr_text=$1
  hr_replace '\' '\\'
  hr_replace '"' '\"'
  case $hr_text in
  *[[:cntrl:]]*)
    hr_replace '
' '\n'
    hr_replace '	' '\t'
    for hr_code in 01 02 03 04 05 06 07 10 13 14 15 16 17 20 21 22 23 24 25 26 27 30 31 32 33 34 35 36 37; do
      hr_char=$(printf "\\0$hr_code.") hr_char=${hr_char%.}
      hr_hex=$(printf '\\u%04x' "0$hr_code")
      hr_replace "$hr_char" "$hr_hex"
    done
    ;;
  esac
  hr_text="\"$hr_text\""
}
hr_list=.headrace/transfers hr_jobs=0 hr_bad=
: >"$hr_list"
hr_move() { # source, target: now, or with the next hr_flush
  case $1$2 in *'
'*) hr_now "$1" "$2" || hr_bad=1 ; return ;; esac
  case ${hr_tool##*/} in
  s5cmd)
    hr_quote "$1" && hr_from=$hr_quoted
    hr_quote "$2"
    printf 'cp --raw %s %s\n' "$hr_from" "$hr_quoted" >>"$hr_list"
    ;;
  *)
    { hr_now "$1" "$2" || : >.headrace/failed; } &
    hr_jobs=$((hr_jobs + 1))
    [ "$hr_jobs" -lt @PARALLEL@ ] || { wait; hr_jobs=0; }
    ;;
  esac
}
hr_now() { # one file, now
  case ${hr_tool##*/} in
  s5cmd) "$hr_tool" --log error --retry-count 8 cp --raw "$1" "$2" ;;
  *)
    for hr_wait in 1 2 3 4; do
      "$hr_tool" s3 cp --only-show-errors "$1" "$2" && return
    done
    return 1
    ;;
  esac
}
hr_folder() { # the folder at $1, into $2
  case ${hr_tool##*/} in
  s5cmd) "$hr_tool" --log error --retry-count 8 cp "$1*" "$2" ;;
  *) "$hr_tool" s3 cp --only-show-errors --recursive "$1" "$2" ;;
  esac || hr_bad=1
}
hr_flush() { # make the moves; false when one failed
  case ${hr_tool##*/} in
  s5cmd) [ ! -s "$hr_list" ] || "$hr_tool" --log error --retry-count 8 run "$hr_list" || hr_bad=1 ;;
  *) wait ;;
  esac
  [ ! -e .headrace/failed ] || hr_bad=1
  : >"$hr_list"
  hr_jobs=0
  [ -z "$hr_bad" ]
}
hr_local() { # $1 as an argument that no tool takes for an option
  case $1 in -*) hr_path=./$1 ;; *) hr_path=$1 ;; esac
}
hr_store() { # file $2 of output $1
  hr_local "$2"
  hr_move "$hr_path" "${hr_out}out/$2"
  hr_json "$1" && hr_name=$hr_text
  hr_json "$2"
  hr_outputs="$hr_outputs${hr_outputs:+,}{\"name\":$hr_name,\"path\":$hr_text}"
}
hr_tree() { # output $1: every file below folder $2 (with its slash)
  hr_empty=1
  for hr_each in "$2"* "$2".[!.]* "$2"..?*; do
    if [ -d "$hr_each" ]; then
      hr_tree "$1" "$hr_each/"
    elif [ -e "$hr_each" ]; then
      hr_store "$1" "$hr_each"
      hr_found=1
    fi
  done
}
hr_finish() { # stage, exit code of the script, exit code of the job
  printf '{"version":1,"exitCode":%s,"stage":"%s","outputs":[%s],"missing":[%s]}\n' "$2" "$1" "$hr_outputs" "$hr_missing" >.headrace/manifest.json
  hr_bad=
  hr_move .headrace/manifest.json "${hr_out}manifest.json"
  hr_flush || { say "the manifest could not be stored"; exit @STAGE_OUT@; }
  exit "$3"
}
hr_outputs= hr_missing=
"""


def run_script(
    attempts: str,
    inputs: Iterable[tuple[str, str, str]],
    outputs: Mapping[str, DeclaredOutput],
    shell: Sequence[str],
    on_failure: Iterable[str] = (),
) -> str:
    """The text of run.sh. `attempts` is the URI below which the attempt writes, `inputs` are (name, URI, staged path)."""
    inputs = list(inputs)
    parts = [
        _FUNCTIONS.replace("@PARALLEL@", str(_PARALLEL)).replace("@STAGE_OUT@", str(marks.STAGE_OUT_FAILED)),
        f"hr_out={quoted(attempts)}${{hr_id%%:*}}",
        "case $hr_id in *:*) hr_out=$hr_out-${hr_id##*:} ;; esac",
        "hr_out=$hr_out.$hr_attempt/",
        *_stage_in(inputs),
        *_run(shell, captured=any(output.kind == "stdout" for output in outputs.values())),
        *_on_failure(on_failure),
        *_stage_out(outputs),
    ]
    return "\n".join(parts) + "\n"


def _stage_in(inputs: list[tuple[str, str, str]]) -> list[str]:
    lines = [
        f"hr_folder {quoted(uri)} {quoted(_plain(path))}"
        if uri.endswith("/")
        else f"hr_move {quoted(uri)} {quoted(_plain(path))}"
        for _, uri, path in inputs
    ]
    lines.append("hr_flush || hr_bad=1")
    lines += [
        f"[ -e {quoted(_plain(path))} ] || {{ say {quoted(f'input {name}: {uri} could not be fetched')}; hr_bad=1; }}"
        for name, uri, path in inputs
    ]
    lines.append(f'if [ -n "$hr_bad" ]; then say "stage-in failed"; hr_finish stage-in 0 {marks.STAGE_IN_FAILED}; fi')
    return lines


def _run(shell: Sequence[str], *, captured: bool) -> list[str]:
    words = " ".join(quoted(word) for word in shell)
    aside = f" >{quoted(STDOUT)}" if captured else ""
    return [
        f"command -v {quoted(shell[0])} >/dev/null || {{ say {quoted(f'the image has no {shell[0]}')}; hr_finish script 127 {marks.SHELL_MISSING}; }}",
        'say "script starts"',
        f"{words} .headrace/script </dev/null{aside} &",
        "hr_child=$! hr_term=",
        # The shell waits on through a TERM, so that the script's own code is what is reported.
        "trap 'hr_term=1; kill -TERM \"$hr_child\" 2>/dev/null' TERM INT",
        'wait "$hr_child"; hr_code=$?',
        'while [ -n "$hr_term" ] && kill -0 "$hr_child" 2>/dev/null; do wait "$hr_child"; hr_code=$?; done',
        *(
            [f'while IFS= read -r hr_line || [ -n "$hr_line" ]; do printf \'%s\\n\' "$hr_line"; done <{quoted(STDOUT)}']
            if captured
            else []
        ),
        'say "script ended with exit code $hr_code"',
    ]


def _on_failure(patterns: Iterable[str]) -> list[str]:
    lines = ['if [ "$hr_code" -ne 0 ]; then']
    for pattern in patterns:
        lines.append(
            f'  for hr_each in {glob_word(pattern)}; do [ -f "$hr_each" ] && {{ hr_local "$hr_each"; hr_move "$hr_path" "${{hr_out}}failure/$hr_each"; }}; done'
        )
    lines += ["  hr_flush || :", '  hr_finish script "$hr_code" "$hr_code"', "fi"]
    return lines


def _stage_out(outputs: Mapping[str, DeclaredOutput]) -> list[str]:
    lines = []
    for name, output in outputs.items():
        lines.append("hr_found=")
        if output.kind == "dir":
            lines.append(
                f"[ -d {quoted(_plain(output.path))} ] && {{ hr_found=1; hr_before=$hr_outputs; hr_tree {quoted(name)} {quoted(output.path)}; }}"
            )
            lines.append(
                f'[ -n "$hr_found" ] && [ "$hr_before" = "$hr_outputs" ] && {{ {_empty_folder(name, output.path)}; }}'
            )
        else:
            lines.append(
                f'for hr_each in {glob_word(output.path) if output.wildcard else quoted(output.path)}; do [ -f "$hr_each" ] && {{ hr_store {quoted(name)} "$hr_each"; hr_found=1; }}; done'
            )
        if not output.optional:
            lines.append(
                f'[ -n "$hr_found" ] || {{ say {quoted(f"output {name}: {output.path} was not written")}; hr_json {quoted(name)}; hr_missing="$hr_missing${{hr_missing:+,}}$hr_text"; }}'
            )
    lines += [
        'hr_flush || { say "stage-out failed"; hr_finish stage-out 0 ' + f"{marks.STAGE_OUT_FAILED}; }}",
        f'if [ -n "$hr_missing" ]; then hr_finish stage-out 0 {marks.OUTPUT_MISSING}; fi',
        "hr_finish done 0 0",
    ]
    return lines


def _empty_folder(name: str, path: str) -> str:
    return f'hr_json {quoted(name)}; hr_name=$hr_text; hr_json {quoted(path)}; hr_outputs="$hr_outputs${{hr_outputs:+,}}{{\\"name\\":$hr_name,\\"path\\":$hr_text,\\"dir\\":true}}"'


def quoted(text: str) -> str:
    """Text as one word of POSIX sh."""
    return "'" + text.replace("'", "'\\''") + "'"


def glob_word(pattern: str) -> str:
    """A pattern as a word the shell expands: wildcards as they are, everything else quoted."""
    word, plain = "", ""
    inside = False
    for char in pattern:
        special = char in "*?[" or (inside and char in "]!-")
        if special:
            word += (quoted(plain) if plain else "") + char
            plain = ""
            inside = char == "[" or (inside and char != "]")
        else:
            plain += char
    word += quoted(plain) if plain else ""
    return "./" + word if pattern.startswith("-") else word


def _plain(path: str) -> str:
    return f"./{path}" if path.startswith("-") else path
