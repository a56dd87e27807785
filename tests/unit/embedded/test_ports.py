import socket

import pytest

from streams.embedded import ports


def test_a_port_that_is_listened_on_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert not ports.is_free(server.getsockname()[1])


def test_a_port_that_is_listened_on_at_every_address_is_not_free_on_loopback() -> None:
    with socket.create_server(("0.0.0.0", 0)) as server:
        assert not ports.is_free(server.getsockname()[1])


def test_a_taken_port_is_replaced_and_the_remark_names_both() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        port, remark = ports.choose(taken)
    assert port != taken
    assert remark == f"port {taken} is taken, using {port}"


def test_a_free_preferred_port_is_taken_without_remark() -> None:
    preferred = ports.free_port()
    assert ports.choose(preferred) == (preferred, "")


def test_without_preference_any_free_port_will_do_without_remark() -> None:
    port, remark = ports.choose(None)
    assert ports.is_free(port)
    assert remark == ""


def test_no_port_is_handed_out_twice_though_nothing_listens_on_it_yet() -> None:
    found = [ports.free_port() for _ in range(200)]
    assert len(set(found)) == 200


def test_a_port_is_not_one_that_the_system_may_give_to_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_first_ephemeral", lambda: 32_768)
    assert all(10_000 <= ports.free_port() < 32_768 for _ in range(200))
