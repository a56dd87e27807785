import json
import logging
import subprocess
import sys

from streams.errors import ContractError
from streams.log import LineFormatter


def record(message: str, **extra: object) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": "streams.workers", "levelno": 20, "levelname": "INFO", "msg": message})
    made.created = 1_700_000_000.0
    vars(made).update(extra)
    return made


def test_a_record_is_one_line_of_keys_and_values() -> None:
    assert LineFormatter().format(record("assigned", topic="risk.scores", partition=3)) == (
        "at=2023-11-14T22:13:20Z level=info logger=streams.workers message=assigned topic=risk.scores partition=3"
    )


def test_values_with_blanks_or_quotes_are_quoted() -> None:
    assert 'message="two \\"words\\""' in LineFormatter().format(record('two "words"'))


def test_a_message_cannot_forge_a_second_record() -> None:
    for form in ("text", "json"):
        assert "\n" not in LineFormatter(form).format(record("one\nat=now level=error forged"))


def test_the_same_record_as_json() -> None:
    assert json.loads(LineFormatter("json").format(record("assigned", partition=3))) == {
        "at": "2023-11-14T22:13:20Z",
        "level": "info",
        "logger": "streams.workers",
        "message": "assigned",
        "partition": 3,
    }


def test_an_error_s_traceback_stays_on_the_line() -> None:
    try:
        raise ValueError("no")
    except ValueError:
        line = LineFormatter().format(record("failed", exc_info=sys.exc_info()))
    assert "\n" not in line
    assert "ValueError at" in line


def test_the_text_of_a_foreign_error_is_not_written_and_that_of_our_own_is() -> None:
    def line_of(error: Exception) -> str:
        try:
            raise error
        except Exception:
            return LineFormatter().format(record("failed", exc_info=sys.exc_info()))

    assert "Smith" not in line_of(ValueError("invalid literal: Smith"))
    assert "run the version that wrote it" in line_of(ContractError("run the version that wrote it"))


def test_libraries_that_name_studies_say_nothing_whatever_the_level() -> None:
    program = """
import logging, warnings
from streams.log import configure
configure("debug")
for name in ("dicomweb_client.web", "pydicom", "urllib3.connectionpool"):
    logging.getLogger(name).error("study 1.2.3 of somebody")
warnings.warn("the value 1.2.3 is not valid")
logging.getLogger("streams").info("heard")
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stderr
    assert "heard" in said
    assert "1.2.3" not in said
