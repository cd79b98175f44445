r"""The fixed part of `run.sh`: stage in, run the script, stage out, write the manifest last.

It is read by whatever `/bin/sh` the image has (dash, busybox ash, bash in POSIX mode) and needs no program in the image but the
transfer tool and the shell of the script. What is used only if it is there, and what is lost without it:
`wc` (sizes are not compared), `head` (a long standard output is repeated slowly), `sleep` (no pause between tries, no kill after the grace period, no heartbeat), `mkdir` (an empty
folder as an input is refused), `setsid` (SIGTERM reaches the script's children through it when the shell leads no process group).

    transfers  all files of one direction in one `s5cmd run`; `aws` copies one file per process, four at a time, but takes files
               that share a folder, and all outputs, in one recursive copy with `--include`
    a name     may hold any byte but NUL: s5cmd's command files cannot hold a newline, so such a file gets a process of its own
    SIGTERM    while staging in: stops; while the script runs: is passed on to its process group, after a grace period SIGKILL, and
               what it ended with is reported; while staging out: the upload goes on (the result counts if its manifest is whole)
    symlinks   to files are followed, as the script itself could have read them; to folders only within the task's folder (else a
               link to `/` would upload the machine), never in circles
    stdout     goes to a file when an output asks for it; the first 1,000 lines (256 KiB) are repeated in the log when the script has ended
"""

from __future__ import annotations

from typing import Final

from headrace.core.bootstrap_marks import OUTPUT_MISSING, SHELL_MISSING, STAGE_IN_FAILED, STAGE_OUT_FAILED

_TEXTS: Final = r"""
hr_nl='
'
hr_say() { printf 'headrace: %s\n' "$*"; }
hr_has() { command -v "$1" >/dev/null 2>&1; }

# hr_j: $1 as it stands between the quotes of a JSON string.
hr_json() {
  hr_j=$1
  case $1 in *\"* | *\\* | *[[:cntrl:]]*) ;; *) return 0 ;; esac
  hr_rest=$1 hr_j=
  while [ -n "$hr_rest" ]; do
    hr_c=${hr_rest%"${hr_rest#?}"} hr_rest=${hr_rest#?}
    case $hr_c in
      \" | \\) hr_j=$hr_j\\$hr_c ;;
      [[:cntrl:]]) hr_j=$hr_j$(printf '\\u%04x' "'$hr_c") ;;
      *) hr_j=$hr_j$hr_c ;;
    esac
  done
}

# hr_w: $1 as one word of a shell or of an s5cmd command file (which is cut at ' #').
hr_word() {
  hr_rest=$1 hr_w=\'
  while :; do
    case $hr_rest in
      *\'*) hr_w="$hr_w${hr_rest%%\'*}'\\''" hr_rest=${hr_rest#*\'} ;;
      *) break ;;
    esac
  done
  hr_rest="$hr_w$hr_rest'" hr_w=
  while :; do
    case $hr_rest in
      *' #'*) hr_w="$hr_w${hr_rest%%' #'*} ''#" hr_rest=${hr_rest#*' #'} ;;
      *) break ;;
    esac
  done
  hr_w=$hr_w$hr_rest
}

# hr_g: $1 as a pattern of `aws s3 --include` that matches only itself.
hr_fnmatch() {
  hr_g=$1
  case $1 in *[[*?]*) ;; *) return 0 ;; esac
  hr_rest=$1 hr_g=
  while [ -n "$hr_rest" ]; do
    hr_c=${hr_rest%"${hr_rest#?}"} hr_rest=${hr_rest#?}
    case $hr_c in [[*?]) hr_g="${hr_g}[$hr_c]" ;; *) hr_g=$hr_g$hr_c ;; esac
  done
}

# hr_bytes: the size of file $1, empty without `wc`.
hr_size() {
  hr_bytes=
  [ -n "$hr_wc" ] || return 0
  hr_bytes=$(wc -c <"$1") && hr_bytes=$((hr_bytes))
}
"""

_TRANSFERS: Final = r"""
# The transfer tool in the background, so that a signal is heard at once.
hr_start() {
  (
    trap - TERM
    export S3_ENDPOINT_URL="$hr_endpoint" SSL_CERT_FILE="$hr_certificates"
    export AWS_MAX_ATTEMPTS="${hr_tries:-${AWS_MAX_ATTEMPTS:-10}}" AWS_RETRY_MODE="${hr_mode:-${AWS_RETRY_MODE:-standard}}"
    exec "$hr_tool" "$@"
  ) </dev/null 2>>.headrace/tool.log >>"$hr_sink" &
  hr_pids="$hr_pids $!" hr_running=$((hr_running + 1))
}
# hr_payer, hr_flags and hr_up are words without blanks or quotes in them: flags of the tool, or nothing.
# shellcheck disable=SC2086
hr_s5() { hr_start $hr_payer --numworkers "$hr_workers" -r "$hr_retries" --log error "$@"; }

# Starts one copy; waits for those under way when there are enough of them.
# shellcheck disable=SC2086
hr_copy() {
  [ "$hr_running" -lt "$hr_parallel" ] || hr_gather
  case $hr_kind in
    s5cmd) hr_s5 cp --raw $hr_flags "$1" "$2" ;;
    *) hr_start s3 cp --only-show-errors $hr_payer $hr_flags "$1" "$2" ;;
  esac
}

# hr_rc: how process $1 ended. A signal interrupts `wait`; then it is asked again.
hr_wait() {
  hr_rc=
  while :; do
    hr_seen=$hr_terms
    wait "$1"
    hr_now=$?
    [ "$hr_now" = 127 ] && [ -n "$hr_rc" ] || hr_rc=$hr_now
    [ "$hr_seen" != "$hr_terms" ] || return 0
  done
}

# Waits for every copy under way; hr_failed counts those that failed since it was last set to 0.
hr_gather() {
  for hr_p in $hr_pids; do
    hr_wait "$hr_p"
    [ "$hr_rc" = 0 ] || hr_failed=$((hr_failed + 1))
  done
  hr_pids='' hr_running=0
}

# What the tool said goes to the log; hr_final is set when trying again is of no use.
hr_tell() {
  hr_final='' hr_lines=0
  [ -s .headrace/tool.log ] || return 0
  while IFS= read -r hr_line || [ -n "$hr_line" ]; do
    case $hr_line in
      *NoSuch* | *AccessDenied* | *InvalidObjectState* | *'status code: 40'[34]* | *'(40'[34]')'* | *'no object found'*) hr_final=1 ;;
    esac
    hr_lines=$((hr_lines + 1))
    [ "$hr_lines" -gt 50 ] || hr_say "$hr_phase: $hr_line"
  done <.headrace/tool.log
  : >.headrace/tool.log
}

# Whether another try makes sense; $1 says how many there were.
hr_again() {
  [ "$1" -lt "$hr_rounds" ] && [ -z "$hr_final" ] && [ "$hr_terms" = 0 ] || return 1
  ! hr_has sleep || sleep "${hr_pause:-$1}"
}

# An s5cmd command file, all its lines in parallel.
hr_bulk() {
  [ -s "$1" ] || return 0
  hr_round=0
  while :; do
    hr_round=$((hr_round + 1)) hr_failed=0
    hr_s5 run "$1"
    hr_gather
    hr_tell
    [ "$hr_failed" != 0 ] || return 0
    hr_again "$hr_round" || return 1
  done
}
"""

_STAGE_IN: Final = r"""
# inputs.sh is read once per pass: group and list (what is more than a line of inputs.s5), fetch (what has not come), check.
hr_file() { # name uri path size
  case $hr_pass.$hr_kind in
    fetch.aws) [ -f "$3" ] || { hr_asked=1 && hr_copy "$2" "./$3"; } ;;
    check.*)
      if [ ! -f "$3" ]; then
        hr_lose "$1" "$2" 'could not be fetched'
      elif [ -n "$4" ]; then
        hr_size "$3"
        [ "${hr_bytes:-$4}" = "$4" ] || hr_lose "$1" "$2" "has $hr_bytes bytes, expected $4: it was replaced meanwhile, or cut"
      fi
      ;;
  esac
}
hr_odd() { # a file whose name s5cmd's command file cannot hold
  case $hr_pass.$hr_kind in
    list.s5cmd) hr_copy "$2" "./$3" ;;
    *) hr_file "$@" ;;
  esac
}
hr_group() { # source folder, target folder, --include pattern …: many files of one folder, for aws
  [ "$hr_pass.$hr_kind" = group.aws ] || return 0
  hr_from=$1 hr_into=$2
  shift 2
  [ "$hr_running" -lt "$hr_parallel" ] || hr_gather
  # shellcheck disable=SC2086
  hr_start s3 cp --recursive --only-show-errors $hr_payer "$hr_from" "$hr_into" --exclude '*' "$@"
}
hr_dir() { # name uri path
  case $hr_pass.$hr_kind in
    list.s5cmd) hr_list_dir "$@" ;;
    list.aws)
      [ "$hr_running" -lt "$hr_parallel" ] || hr_gather
      # shellcheck disable=SC2086
      hr_start s3 cp --recursive --only-show-errors $hr_payer "$2" "./$3/"
      ;;
    check.*) [ -d "$3" ] || hr_lose "$1" "$2" 'has no object below it' ;;
  esac
}
hr_empty() { # name path
  [ "$hr_pass" = check ] || return 0
  [ -d "$2" ] || mkdir -p "./$2" 2>/dev/null || hr_lose "$1" "$2" 'an empty folder needs mkdir in the image'
}

# s5cmd takes * and ? of a source as wildcards and follows '..' in keys: list first, copy only what is meant.
hr_list_dir() {
  hr_gather
  : >.headrace/listing
  hr_first=$hr_failed hr_sink=.headrace/listing
  # shellcheck disable=SC2086
  hr_start $hr_payer -r "$hr_retries" ls --show-fullpath "$2*" # --log error would silence it
  hr_sink=.headrace/tool.log
  hr_gather
  [ "$hr_failed" = "$hr_first" ] || return 0
  hr_literal=1
  case $2 in *[*?]*) hr_literal='' ;; esac
  while IFS= read -r hr_line; do
    case $hr_line in
      */../* | */..)
        hr_lose "$1" "$2" "has an object with '..' in its key"
        return 0
        ;;
    esac
    [ -z "$hr_literal" ] || continue
    case $hr_line in
      "$2"*/ | "$2") ;;
      "$2"*) hr_command "$hr_line" "./$3/${hr_line#"$2"}" --raw ;;
      s3://*) ;;
      *)
        hr_lose "$1" "$2" 'has a wildcard in its own name and a newline in that of an object below it: s5cmd cannot fetch both'
        return 0
        ;;
    esac
  done <.headrace/listing
  [ -z "$hr_literal" ] || hr_command "$2*" "./$3/"
}
hr_command() { # source target [--raw]: one more line for s5cmd
  hr_word "$1"
  hr_source=$hr_w
  hr_word "$2"
  printf 'cp %s %s %s\n' "${3-}" "$hr_source" "$hr_w" >>.headrace/inputs.s5
}

hr_lose() { # name, where from, what is wrong
  hr_json "$1"
  hr_lost=$((hr_lost + 1)) hr_what=$hr_j
  hr_json "$2"
  hr_what="input '$hr_what' ($hr_j) $3"
  [ "$hr_lost" -gt 20 ] || { hr_say "stage-in: $hr_what" && hr_problem "$hr_what"; }
}
hr_problem() { # a sentence for the manifest; what may be hostile in it is escaped once already
  hr_json "$1"
  hr_problems="$hr_problems${hr_problems:+, }\"$hr_j\""
}

hr_stage_in() {
  hr_phase=stage-in hr_lost=0 hr_failed=0
  for hr_pass in group list; do
    hr_failed=0
    . ./.headrace/inputs.sh
    hr_gather
    hr_tell
  done
  if [ "$hr_kind" = s5cmd ]; then
    hr_first=$hr_failed
    hr_bulk .headrace/inputs.s5
    hr_failed=$((hr_failed + hr_first))
  else
    hr_first=$hr_failed hr_pass=fetch hr_round=0
    while :; do
      hr_round=$((hr_round + 1)) hr_asked=0 hr_failed=0
      . ./.headrace/inputs.sh
      hr_gather
      hr_tell
      [ "$hr_asked" != 0 ] && hr_again "$hr_round" || break
    done
    hr_failed=$hr_first
  fi
  [ "$hr_terms" = 0 ] || return 1
  hr_pass=check
  . ./.headrace/inputs.sh
  [ "$hr_lost" = 0 ] || { hr_say "stage-in: $hr_lost of the inputs are not there" && return 1; }
  [ "$hr_failed" = 0 ] || { hr_say 'stage-in: the transfer tool failed' && hr_problem 'the transfer tool failed' && return 1; }
}
"""

_SCRIPT: Final = r"""
# SIGTERM goes to everything the script started: to the process group this shell leads (process 1 of a container leads all),
# to the one setsid made, else to the script alone. No `--` before a group's number: dash and busybox do not know it there.
hr_on_term() {
  hr_terms=$((hr_terms + 1))
  case $hr_phase in
    stage-in)
      # shellcheck disable=SC2086 # a list of numbers
      [ -z "$hr_pids" ] || kill -TERM $hr_pids 2>/dev/null
      ;;
    script) [ -z "$hr_child" ] || hr_stop ;;
  esac
}
hr_stop() {
  hr_say 'SIGTERM: passed on to the script'
  case $hr_group in
    own)
      trap '' TERM
      kill -TERM "-$$" 2>/dev/null
      ;;
    new) kill -TERM "-$hr_child" 2>/dev/null || kill -TERM "$hr_child" 2>/dev/null ;;
    *) kill -TERM "$hr_child" 2>/dev/null ;;
  esac
  [ -z "$hr_killer" ] && hr_has sleep || return 0
  (
    sleep "$hr_grace"
    kill -KILL "-$hr_child" 2>/dev/null || kill -KILL "$hr_child"
  ) </dev/null >/dev/null 2>&1 &
  hr_killer=$!
}

hr_run_script() { # the shell and its options
  hr_phase=script hr_child=''
  hr_has "$1" || { hr_say "the image has no '$1': take an image with it, or say \`shell: /bin/sh -eu\`" && exit @SHELL@; }
  hr_group=''
  if kill -0 "-$$" 2>/dev/null; then hr_group=own; elif hr_has setsid; then hr_group=new; fi
  [ "$hr_group" != new ] || set -- setsid "$@"
  if [ -n "$hr_stdout" ]; then
    "$@" .headrace/script </dev/null >.headrace/stdout &
  else
    "$@" .headrace/script </dev/null &
  fi
  hr_child=$!
  [ "$hr_terms" = 0 ] || hr_stop
  hr_wait "$hr_child"
  hr_code=$hr_rc hr_phase=stage-out
  # They may have inherited that SIGTERM is ignored; left alive, the killer would hit whoever has the script's number next.
  [ -z "$hr_killer" ] || kill -KILL "$hr_killer" 2>/dev/null
  [ -z "$hr_stdout" ] || hr_repeat
  [ "$hr_code" = 0 ] || hr_say "the script ended with exit code $hr_code"
  return "$hr_code"
}
# A line each minute from the first transfer to the last, so that silence means a host or container that hangs.
hr_heartbeat() {
  [ -n "$hr_beat_s" ] && hr_has sleep || return 0
  (
    trap - TERM
    while sleep "$hr_beat_s" >/dev/null 2>&1; do
      hr_cpu
      hr_say "running$hr_used"
    done
  ) </dev/null &
  hr_beat=$!
  trap 'kill -KILL "$hr_beat" 2>/dev/null' EXIT
}
hr_cpu() { # hr_used: what the container has used of the CPU, where its cgroup (v2, v1) tells
  hr_used='' hr_key='' hr_n=''
  if [ -r /sys/fs/cgroup/cpu.stat ]; then
    read -r hr_key hr_n </sys/fs/cgroup/cpu.stat
    [ "$hr_key" != usage_usec ] || hr_used=", $((hr_n / 1000000)) s of CPU"
  elif [ -r /sys/fs/cgroup/cpuacct/cpuacct.usage ]; then
    read -r hr_n </sys/fs/cgroup/cpuacct/cpuacct.usage
    hr_used=", $((hr_n / 1000000000)) s of CPU"
  fi
}
# The shell reads byte by byte: a long line of it would take minutes.
hr_repeat() {
  hr_bytes=0
  ! hr_has head || hr_size .headrace/stdout
  if [ "${hr_bytes:-0}" -gt 262144 ]; then
    head -c 262144 .headrace/stdout | hr_print
    hr_say 'the rest of the standard output is in the output only'
  else
    hr_print <.headrace/stdout
  fi
}
hr_print() {
  hr_lines=0
  while IFS= read -r hr_line || [ -n "$hr_line" ]; do
    hr_lines=$((hr_lines + 1))
    [ "$hr_lines" -le 1000 ] || break
    printf '%s\n' "$hr_line"
  done
  [ "$hr_lines" -le 1000 ] || hr_say 'the rest of the standard output is in the output only'
}
"""

_STAGE_OUT: Final = r"""
# Outputs are gone through twice: check (what is missing), emit (the manifest's lines and the uploads).
hr_out() { # kind name optional path …
  hr_type=$1 hr_name=$2 hr_optional=$3 hr_found=0 hr_given=''
  shift 3
  for hr_f; do
    case $hr_type in
      dir) [ ! -d "$hr_f" ] || hr_out_dir "$hr_f" ;;
      glob) ! hr_outside "$hr_f" && ! hr_staged "$hr_f" && hr_regular "$hr_f" && hr_emit "$hr_f" ;;
      *) hr_regular "$hr_f" && hr_emit "$hr_f" ;;
    esac
  done
  [ "$hr_pass$hr_found$hr_optional" != check00 ] || {
    hr_say "stage-out: output '$hr_name' was not written$hr_given"
    hr_missing="$hr_missing${hr_missing:+, }\"$hr_name\""
  }
}
# What `.*` finds besides files: `.` and `..` (dash and busybox give them), all beyond them, and Headrace's own folder.
hr_outside() {
  case /$1/ in */./* | */../* | /.headrace/*) return 0 ;; esac
  return 1
}
hr_staged() { # whether a glob found what was staged in, which it never means
  hr_is_input "$1" || return 1
  [ ! -e "$1" ] || hr_given=': what it matches was staged in, or lies in a folder that was, and a glob never means that'
}
hr_regular() { # whether $1 is a file that can be uploaded; says why not
  [ ! -f "$1" ] || return 0
  if { [ "$hr_pass" = check ] || [ "$hr_type" = dir ]; } && { [ -e "$1" ] || [ -L "$1" ]; }; then
    hr_json "$1"
    hr_say "stage-out: '$hr_j' is a folder, a broken link or no regular file, left out of '$hr_name'"
  fi
  return 1
}
hr_emit() {
  hr_found=$((hr_found + 1))
  [ "$hr_pass" = emit ] || return 0
  hr_emitted=$((hr_emitted + 1)) hr_bytes=''
  [ "$hr_emitted" -gt 1000 ] || hr_size "$1"
  hr_json "$1"
  printf '%s{"name": "%s", "path": "%s"%s}' "$hr_comma" "$hr_name" "$hr_j" "${hr_bytes:+, \"size\": $hr_bytes}" >&5
  hr_comma=', '
  hr_put "$1"
}
hr_out_dir() {
  hr_found=1
  [ "$hr_pass" = emit ] || return 0
  hr_files=$hr_emitted
  hr_walk "$1" //
  [ "$hr_files" = "$hr_emitted" ] || return 0
  hr_json "$1"
  printf '%s{"name": "%s", "path": "%s/", "dir": true}' "$hr_comma" "$hr_name" "$hr_j" >&5
  hr_comma=', '
}

# Every file below folder $1; $2 holds the folders that links led to so far, each between slashes.
hr_walk() {
  if [ -L "$1" ]; then
    hr_into_link "$1" "$2" || return 0
    set -- "$1" "$2$hr_real//"
  fi
  for hr_f in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    if [ -d "$hr_f" ]; then
      hr_walk "$hr_f" "$2"
    else
      hr_regular "$hr_f" && hr_emit "$hr_f"
    fi
  done
}
hr_into_link() { # hr_real: where the link to a folder leads, if it may be followed
  hr_real=$(cd -P -- "$1" 2>/dev/null && pwd -P && echo x) hr_real=${hr_real%?x}
  hr_here=$(cd -P -- "${1%/*}" 2>/dev/null && pwd -P && echo x) hr_here=${hr_here%?x}
  case $1 in */*) ;; *) hr_here=$hr_root ;; esac
  hr_json "$1"
  case $hr_real/ in
    "$hr_root"/?*) ;;
    *)
      hr_bad "'$hr_j' is a link to a folder outside the task's folder: copy it instead"
      return 1
      ;;
  esac
  case $hr_here/ in "$hr_real"/*)
    hr_bad "'$hr_j' is a link to a folder that holds it"
    return 1
    ;;
  esac
  case $2 in *"//$hr_real//"*)
    hr_bad "'$hr_j' is a link that leads in a circle"
    return 1
    ;;
  esac
}
hr_bad() {
  hr_refused=$((hr_refused + 1))
  [ "$hr_refused" -gt 20 ] || { hr_say "stage-out: $1" && hr_problem "$1"; }
}

# One more file to upload, to the folder hr_to.
hr_put() {
  if [ "$hr_kind" = aws ]; then
    hr_word "$1"
    hr_list="$hr_list $hr_w" hr_listed=$((hr_listed + 1))
    [ "$hr_listed" -lt 200 ] || hr_flush
    return 0
  fi
  case $1 in
    *"$hr_nl"* | *"$hr_cr"*) hr_copy "./$1" "$hr_to$1" ;;
    *)
      hr_word "./$1"
      hr_source=$hr_w
      hr_word "$hr_to$1"
      printf 'cp --raw %s %s %s\n' "$hr_flags" "$hr_source" "$hr_w" >&4
      ;;
  esac
}
# shellcheck disable=SC2120 # its arguments are made here
hr_flush() { # aws: a few files one by one, many in one recursive copy, one by one again if that complains
  eval "set -- $hr_list"
  hr_list='' hr_listed=0
  if [ $# -gt 4 ]; then
    hr_before=$hr_failed hr_more=''
    for hr_f; do
      hr_fnmatch "$hr_f"
      hr_word "$hr_g"
      hr_more="$hr_more --include $hr_w"
    done
    eval "hr_start s3 cp --recursive --only-show-errors $hr_payer $hr_flags . \"\$hr_to\" --exclude '*' $hr_more"
    hr_gather
    [ "$hr_failed" != "$hr_before" ] || return 0
    hr_failed=$hr_before
  fi
  for hr_f; do hr_copy "./$hr_f" "$hr_to$hr_f"; done
  hr_gather
}
hr_upload() { # a function that puts files, and the folder they go to
  hr_to=$2 hr_list='' hr_listed=0 hr_failed=0
  exec 4>.headrace/uploads.s5
  "$1"
  exec 4>&-
  [ -z "$hr_list" ] || hr_flush
  hr_gather
  hr_tell
  hr_first=$hr_failed hr_failed=0
  hr_bulk .headrace/uploads.s5
  [ $((hr_failed + hr_first)) = 0 ]
}

hr_stage_out() {
  LC_ALL=C hr_refused=0 hr_emitted=0
  hr_root=$(pwd -P)
  hr_pass=check
  hr_outputs
  [ -z "$hr_missing" ] || return 1
  hr_pass=emit
  hr_upload hr_outputs "${hr_attempt}out/" || {
    hr_say 'stage-out: the outputs could not be uploaded'
    hr_problem 'the outputs could not be uploaded'
    return 1
  }
  [ "$hr_refused" = 0 ]
}
hr_keep() { # glob …: what onFailure wants
  hr_name=onFailure hr_type=dir
  for hr_f; do
    if hr_outside "$hr_f"; then :; elif [ -d "$hr_f" ]; then hr_walk "$hr_f" //; elif [ -f "$hr_f" ]; then hr_put "$hr_f"; fi
  done
}
hr_keep_failure() {
  LC_ALL=C hr_refused=0
  hr_root=$(pwd -P)
  exec 5>/dev/null
  hr_pass=emit
  hr_upload hr_failure "${hr_attempt}failure/" || hr_say 'stage-out: the files for onFailure could not be uploaded'
}

hr_open_manifest() {
  exec 5>.headrace/manifest.json
  hr_comma=''
  printf '{"version": 1, "outputs": [' >&5
}
hr_end() { # stage, exit code of the job
  hr_flags=$hr_up
  [ "$1" = 'done' ] || hr_open_manifest
  printf '], "missing": [%s], "problems": [%s]%s, "stage": "%s", "exitCode": %s}\n' \
    "$hr_missing" "$hr_problems" "$([ "$hr_terms" = 0 ] || printf ', "signal": "TERM"')" "$1" "$hr_code" >&5
  exec 5>&-
  hr_round=0
  while :; do
    hr_round=$((hr_round + 1)) hr_failed=0
    hr_copy ./.headrace/manifest.json "${hr_attempt}manifest.json"
    hr_gather
    hr_tell
    [ "$hr_failed" != 0 ] || break
    hr_again "$hr_round" || {
      hr_say 'stage-out: the manifest could not be uploaded'
      [ "$2" != 0 ] || exit @OUT@
      break
    }
  done
  hr_say "$1, exit code $2"
  exit "$2"
}
"""

_MAIN: Final = r"""
unset CDPATH
hr_tool=$1 hr_endpoint=$2 hr_certificates=$3
case ${hr_tool##*/} in s5cmd) hr_kind=s5cmd ;; *) hr_kind=aws ;; esac
hr_terms=0 hr_phase=stage-in hr_pids='' hr_running=0 hr_failed=0 hr_child='' hr_killer='' hr_code=null
hr_flags='' hr_missing='' hr_problems='' hr_comma='' hr_sink=.headrace/tool.log hr_cr=$(printf '\r')
hr_attempt="$hr_attempts${AWS_BATCH_JOB_ID:-local$$}.${AWS_BATCH_JOB_ATTEMPT:-1}/"
hr_wc=''
! hr_has wc || hr_wc=1
: >.headrace/tool.log
trap hr_on_term TERM
hr_heartbeat
hr_stage_in || {
  [ "$hr_terms" = 0 ] || { hr_say 'SIGTERM while staging in' && exit 143; }
  hr_end stage-in @IN@
}
hr_flags=$hr_up
hr_shell_command hr_run_script || {
  hr_keep_failure
  hr_end script "$hr_code"
}
hr_open_manifest
hr_stage_out || {
  hr_keep_failure
  [ -z "$hr_missing" ] || hr_end stage-out @MISSING@
  hr_end stage-out @OUT@
}
hr_end 'done' 0
"""


def functions() -> str:
    """Everything `run.sh` defines before its plan, and the plan's order of work after it: see `main`."""
    return _filled(_TEXTS + _TRANSFERS + _STAGE_IN + _SCRIPT + _STAGE_OUT)


def main() -> str:
    """The order of work; stands behind what the plan defines (`hr_attempts`, `hr_outputs`, …)."""
    return _filled(_MAIN)


def _filled(text: str) -> str:
    for mark, code in (
        ("SHELL", SHELL_MISSING),
        ("IN", STAGE_IN_FAILED),
        ("OUT", STAGE_OUT_FAILED),
        ("MISSING", OUTPUT_MISSING),
    ):
        text = text.replace(f"@{mark}@", str(code))
    return text.lstrip("\n")
