from typer.testing import CliRunner

from streams import __version__
from streams.cli import build, names


def test_every_module_of_commands_is_a_command() -> None:
    told = CliRunner().invoke(build(), ["--help"]).output
    assert {"up", "doctor", "topics"} <= set(names())
    assert all(name in told for name in names())


def test_a_single_command_keeps_its_name() -> None:
    told = CliRunner().invoke(build("topics"), ["topics", "--help"])
    assert told.exit_code == 0
    assert "check" in told.output


def test_the_version_is_told() -> None:
    assert CliRunner().invoke(build("up"), ["--version"]).output.strip() == __version__


def test_an_unknown_part_is_refused_before_anything_starts() -> None:
    told = CliRunner().invoke(build("up"), ["up", "--external", "triton,postgres"])
    assert told.exit_code == 2
    assert "postgres" in told.output
