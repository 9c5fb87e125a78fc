"""Ports and the few bytes of each protocol that the supervisor speaks."""

import socket

from langfuse_app.core.settings import Settings
from langfuse_app.runtime.network import can_listen, free_ports, http_status, postgres_answers, redis_answers


def test_engines_get_ports_that_no_client_is_given() -> None:
    ports = free_ports(3)
    assert len(set(ports)) == 3
    assert all(20_000 <= port < 32_000 and can_listen("127.0.0.1", port) == "" for port in ports)


def test_a_taken_port_says_so() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert "in use" in can_listen("127.0.0.1", taken.getsockname()[1])


def test_where_nobody_listens_nothing_answers() -> None:
    (port,) = free_ports(1)
    assert not redis_answers(port, "x")
    assert not postgres_answers(port)
    assert http_status(port, "/") == 0


def test_a_wrong_password_is_no_answer(engines: Settings) -> None:
    port = int(engines.REDIS_CONNECTION_STRING.rpartition(":")[2].partition("/")[0])
    assert not redis_answers(port, "wrong")
    assert postgres_answers(int(engines.DATABASE_URL.rpartition(":")[2].partition("/")[0]))
