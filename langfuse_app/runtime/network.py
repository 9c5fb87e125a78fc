"""Ports of this machine, and the smallest client of each engine: enough to ask whether it serves.

The supervisor imports no driver, so that it stays small; these speak a few bytes of each protocol.
"""

import base64
import http.client
import random
import socket
from contextlib import closing
from itertools import islice

_TIMEOUT = 2.0
_ENGINE_PORTS = range(20_000, 32_000)


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody uses now.

    They lie below the range from which systems take the near end of connections: there a client that keeps on
    calling a server that is being restarted could be given the server's own port, and keep it from coming back.
    """
    shuffled = random.sample(_ENGINE_PORTS, len(_ENGINE_PORTS))
    return list(islice((port for port in shuffled if not can_listen("127.0.0.1", port)), count))


def can_listen(host: str, port: int) -> str:
    """Empty when this process may listen there, else the reason."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with closing(socket.socket(family)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
            return ""
    except OSError as error:
        return error.strerror or str(error)


def http_status(port: int, path: str, *, host: str = "127.0.0.1", user: str = "", password: str = "") -> int:
    """Status of GET `path`; 0 when nothing answers."""
    headers = {}
    if user:
        headers["Authorization"] = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT)
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def redis_answers(port: int, password: str) -> bool:
    """Whether Redis on this port accepts the password and has loaded its data."""
    secret = password.encode()
    request = b"*2\r\n$4\r\nAUTH\r\n$%d\r\n%s\r\n*1\r\n$4\r\nPING\r\n" % (len(secret), secret)
    return b"+PONG" in _exchange(port, request)


def postgres_answers(port: int) -> bool:
    """Whether PostgreSQL on this port accepts connections: it refuses start-up messages while recovering."""
    body = (196_608).to_bytes(4, "big") + b"user\0probe\0database\0postgres\0\0"
    answer = _exchange(port, (len(body) + 4).to_bytes(4, "big") + body)
    return answer[:1] == b"R"  # it asks for a password


def _exchange(port: int, request: bytes) -> bytes:
    try:
        with closing(socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT)) as connection:
            connection.sendall(request)
            answer = connection.recv(4096)
            if answer.startswith(b"+OK\r\n") and answer.endswith(b"+OK\r\n"):
                answer += connection.recv(4096)
            return answer
    except OSError:
        return b""
