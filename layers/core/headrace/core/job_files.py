"""What a job reads: its run.sh, the user's script, the table of its inputs and its list files, all below one prefix."""

from __future__ import annotations

from headrace.core.run_script import run_script
from headrace.core.task_work import Work
from headrace.core.work_places import attempts_prefix

_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def job_files(work: Work, prefix: str) -> dict[str, bytes]:
    """The objects of one submission, by name below its own prefix; `prefix` is the work's."""
    said = work.directives
    script = run_script(
        attempts_prefix(prefix),
        [(each.input, each.file.uri, each.path) for each in work.inputs],
        work.outputs,
        said.shell,
        said.on_failure,
    )
    files = {
        "run.sh": script,
        "script": work.script.text,
        "inputs.tsv": inputs_table(work),
        **{
            path.removeprefix(".headrace/"): "".join(f"{line}\n" for line in lines)
            for path, lines in work.script.lists.items()
        },
    }
    return {name: text.encode("utf-8", "surrogateescape") for name, text in files.items()}


def inputs_table(work: Work) -> str:
    """`.headrace/inputs.tsv`: one row per staged file; input, path, and a column per axis of the tasks that made them."""
    axes = list(dict.fromkeys(axis for each in work.inputs for axis in each.file.key))
    rows = [["input", "path", *axes]]
    rows += [[each.input, each.path, *(each.file.key.get(axis, "") for axis in axes)] for each in work.inputs]
    return "".join("\t".join(_escaped(cell) for cell in row) + "\n" for row in rows)


def _escaped(cell: str) -> str:
    return "".join(_ESCAPES.get(char, char) for char in cell)
