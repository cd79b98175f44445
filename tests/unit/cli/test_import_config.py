"""`headrace import-config`: YAML alone on standard output, everything else beside it, and an exit code that says whether all went."""

import pytest
import yaml

GOOD = """
process { executor = 'awsbatch'; queue = 'q'; memory = 8.GB }
aws.region = 'eu-west-1'
workDir = 's3://bucket/work dir'
"""


def test_a_config_becomes_a_block(headrace, tmp_path):
    """The block is YAML, flags are a command line to copy, the exit code is 0."""
    config = tmp_path / "nextflow.config"
    config.write_text(GOOD)
    said = headrace("import-config", config)
    assert said.code == 0
    assert yaml.safe_load(said.out) == {"defaults": {"executor": "awsbatch", "queue": "q", "memory": "8 GB"}}
    assert f"note: {config}:3: aws.region: on the command line: --region eu-west-1" in said.err
    assert "note: headrace run PIPELINE --region eu-west-1 --work-dir 's3://bucket/work dir'" in said.err


def test_the_block_passes_check(headrace, tmp_path):
    """What is printed can be put into a pipeline file as it is."""
    (tmp_path / "nextflow.config").write_text(GOOD + "process { withLabel: big { cpus = { 2 * task.attempt } } }")
    block = headrace("import-config", tmp_path / "nextflow.config").out
    pipeline = tmp_path / "pipeline.yaml"
    pipeline.write_text(block + "processes: {one: {container: x, label: big, script: echo}}\n")
    assert headrace("check", pipeline).code == 0


def test_lines_that_are_not_translated(headrace, tmp_path):
    """They are told with file and line, the rest is printed all the same, and the exit code is 2; no key is repeated."""
    config = tmp_path / "nextflow.config"
    config.write_text("process.cpus = 2\naws.secretKey = 'hunter2'\nprocess.memory = { f() }\n")
    said = headrace("import-config", config)
    assert (said.code, said.out) == (2, "defaults:\n  cpus: 2\n")
    assert f"{config}:2: aws.secretKey" in said.err
    assert f"{config}:3: process.memory" in said.err
    assert said.err.rstrip().endswith("2 not translated")
    assert "hunter2" not in said.text


def test_output_goes_to_a_new_file(headrace, tmp_path):
    """`--output` writes the file and prints nothing; a file that is there is not touched."""
    config, block = tmp_path / "nextflow.config", tmp_path / "defaults.yaml"
    config.write_text("process.cpus = 2")
    said = headrace("import-config", config, "--output", block)
    assert (said.code, said.out, block.read_text()) == (0, "", "defaults:\n  cpus: 2\n")
    config.write_text("process.cpus = 4")
    said = headrace("import-config", config, "--output", block)
    assert (said.code, block.read_text()) == (2, "defaults:\n  cpus: 2\n")
    assert "is there already" in said.err


def test_a_profile_is_taken_in(headrace, tmp_path):
    """`--profile-name` picks one; one that is not there is wrong input."""
    config = tmp_path / "nextflow.config"
    config.write_text("profiles { test { process.cpus = 2 } }")
    assert headrace("import-config", config).out == "defaults: {}\n"
    assert headrace("import-config", config, "--profile-name", "test").out == "defaults:\n  cpus: 2\n"
    said = headrace("import-config", config, "--profile-name", "nope")
    assert (said.code, said.out) == (2, "")


@pytest.mark.parametrize(
    "content", [None, b"\xff\xfe", b"a = 'x", b"x" * 10_000_000], ids=["none", "bytes", "open", "big"]
)
def test_what_cannot_be_read(headrace, tmp_path, content):
    """No file, no text, no end of a string, too much: wrong input with the file's name, nothing on standard output."""
    config = tmp_path / "nextflow.config"
    if content is not None:
        config.write_bytes(content)
    said = headrace("import-config", config)
    assert (said.code, said.out) == (2, "")
    assert str(config) in said.err
