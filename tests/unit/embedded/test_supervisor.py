from streams.embedded.supervisor import backoff_s


def test_pauses_between_restarts_grow_to_a_ceiling() -> None:
    assert [backoff_s(n) for n in (1, 2, 3, 4, 5, 6)] == [1, 2, 4, 8, 15, 15]
