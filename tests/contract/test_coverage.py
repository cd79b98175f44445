"""Every core module has a test file of its name."""

from tests.support.stack import ROOT

CORE = ROOT / "layers/core/headrace/core"
UNIT = ROOT / "tests/unit/core"
# Parts of one thing, held by the tests of the whole.
ELSEWHERE = {
    "import_config_page": "contract/test_coming_from_nextflow_page",
    "absent_directives": "test_directives: an unknown directive gets its answer",
    "aws_settings": "contract/test_configuration_page",
    "container_option_page": "contract/test_container_options_page",
    "directive_schemas": "test_schema",
    "directive_table": "test_directives and contract/test_pipeline_spec_page",
    "filter_values": "test_filters",
    "language_tables": "contract/test_pipeline_spec_page",
    "list_filters": "test_filters",
    "log_trace": "test_log_traces",
    "log_trace_frames": "test_log_traces and the corpus of test_log_summary",
    "log_trace_native": "test_log_traces and the corpus of test_log_summary",
    "log_trace_python": "test_log_traces and the corpus of test_log_summary",
    "log_trace_reports": "test_log_traces and the corpus of test_log_summary",
    "number_filters": "test_filters",
    "text_filters": "test_filters",
    "outcome_classes": "test_outcome",
    "outcome_reasons": "test_outcome",
    "outcome_signs": "test_outcome",
    "shell_heredocs": "test_shell_places and test_script",
    "shell_quote": "test_script, under bash and dash",
    "shell_quotes": "test_shell_places and test_script",
    "shell_reader": "test_shell_places and test_script",
}


def test_every_core_module_has_its_tests():
    """`core/x.py` is held by `tests/unit/core/test_x.py`."""
    modules = {path.stem for path in CORE.glob("*.py")} - {"__init__"}
    tested = {path.stem.removeprefix("test_") for path in UNIT.glob("test_*.py")}
    assert modules - tested - ELSEWHERE.keys() == set()
    assert ELSEWHERE.keys() <= modules - tested, "listed as tested elsewhere, and has tests of its own or is gone"
    assert tested <= modules, "tests of a module that is gone"
