from streams.embedded.child import exit_text


def test_exit_status_is_said_in_words() -> None:
    assert exit_text(None) == "still running"
    assert exit_text(0) == "exit code 0"
    assert exit_text(3) == "exit code 3"
    assert exit_text(-9) == "killed by SIGKILL"
    assert exit_text(-99) == "killed by signal 99"
