"""docs/command_line.md says what the command says."""

from pathlib import Path

from headrace_cli.page import helps, markdown

PAGE = Path(__file__).parents[2] / "docs" / "command_line.md"


def test_the_page_is_what_help_says():
    """The page equals what `--help` generates (`python -m headrace_cli.page > docs/command_line.md`)."""
    assert PAGE.read_text(encoding="utf-8") == markdown()


def test_every_command_has_a_section():
    """Every command, and those of the local cloud."""
    assert set(helps()) == {
        *(
            f"headrace {name}"
            for name in (
                "check",
                "plan",
                "run",
                "runs",
                "status",
                "logs",
                "cancel",
                "resume",
                "why",
                "options",
                "import-config",
                "schema",
                "cost",
                "doctor",
                "version",
            )
        ),
        "headrace policy bucket",
        "headrace policy user",
        "headrace clean runs",
        "headrace clean definitions",
        "headrace clean versions",
        *(f"headrace local {name}" for name in ("up", "down", "status", "reset", "alerts", "invoke")),
    }
