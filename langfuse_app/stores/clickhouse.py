"""ClickHouse over HTTP: queries with bound parameters only, inserts that prove they were written whole."""

import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError
from clickhouse_connect.driver.httputil import get_pool_manager

from langfuse_app.core.errors import QueryTooHeavyError, ServiceUnavailableError
from langfuse_app.core.settings import get_settings
from langfuse_app.stores import turns

# Codes of a query that was stopped at a limit: time, memory, rows, bytes, what is joined, concurrency.
_TOO_HEAVY = ("Code: 158.", "Code: 159.", "Code: 160.", "Code: 191.", "Code: 202.", "Code: 241.", "Code: 307.")
_TOO_LARGE = "Code: 396."  # the limit of the answer's size
# Codes of a server that cannot work now and will again: disk full, network, too many parts, read-only, half-known inserts, Keeper.
_AWAY = ("Code: 209.", "Code: 210.", "Code: 242.", "Code: 243.", "Code: 252.", "Code: 279.", "Code: 319.", "Code: 999.", "No space left on")
_TOO_LONG = "Field value too long"  # a parameter over the server's http_max_field_value_size
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_local = threading.local()

# Blocks of few rows, because rows with payloads are large: 65 000 of them, as usual, are more than the server may use.
SMALL_BLOCKS = {"max_block_size": 256}
# Settings of a query whose answer is held in memory at once: LargeAnswerError where it is larger than that (bytes), or where
# so much would have to be sorted for it.
AT_ONCE = SMALL_BLOCKS | {"max_result_bytes": 4 << 20, "max_bytes_to_sort": 32 << 20, "wait_end_of_query": 1}


class LargeAnswerError(QueryTooHeavyError):
    """The answer is larger than AT_ONCE allows: read it row by row (stores/row_stream.py)."""


@lru_cache
def _pool() -> Any:
    return get_pool_manager(maxsize=32, num_pools=4)


def _connect(database: str) -> Client:
    settings = get_settings()
    url = urlsplit(settings.CLICKHOUSE_URL)
    return clickhouse_connect.get_client(
        host=url.hostname,
        port=url.port or (8443 if url.scheme == "https" else 8123),
        secure=url.scheme == "https",
        username=settings.CLICKHOUSE_USER,
        password=settings.CLICKHOUSE_PASSWORD,
        database=database,
        pool_mgr=_pool(),
        autogenerate_session_id=False,
        connect_timeout=5,
        send_receive_timeout=120,
        tz_mode="aware",
        form_encode_query_params=True,  # in the body: thousands of ids make an address that is refused
        compress=url.hostname not in _LOOPBACK,  # bytes that never leave the machine are not worth the CPU
        settings={"async_insert": 0, "do_not_merge_across_partitions_select_final": 1},
    )


def client(database: str | None = None) -> Client:
    """This thread's client; a client is not safe to share between threads."""
    name = get_settings().CLICKHOUSE_DB if database is None else database
    clients: dict[str, Client] = _local.__dict__.setdefault("clients", {})
    if name not in clients:
        try:
            clients[name] = _connect(name)
        except (OperationalError, ClickHouseError, OSError) as error:
            raise ServiceUnavailableError("The analytics store does not answer") from error
    return clients[name]


def _translate(error: Exception) -> Exception:
    text = str(error)
    if _TOO_LONG in text:
        return QueryTooHeavyError("a value of the query is too long, send a shorter one")
    if _TOO_LARGE in text:
        return LargeAnswerError()
    if any(code in text for code in _TOO_HEAVY):
        return QueryTooHeavyError()
    if isinstance(error, OperationalError) or any(code in text for code in _AWAY):
        return ServiceUnavailableError("The analytics store does not answer")
    return error


def query(sql: str, params: dict[str, Any] | None = None, settings: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Rows as dicts; parameters are bound by the server as {name:Type}. A query of one project waits for its turn.

    Raises QueryTooHeavyError at a limit, LargeAnswerError at that of AT_ONCE, ServiceUnavailableError when the server is away.
    """
    limits = {"max_execution_time": get_settings().LANGFUSE_QUERY_MAX_SECONDS}
    try:
        with turns.taken(str((params or {}).get("project_id", ""))):
            result = client().query(sql, parameters=params, settings=limits | (settings or {}))
    except ClickHouseError as error:
        raise _translate(error) from error
    names = result.column_names
    return [dict(zip(names, row, strict=True)) for row in result.result_rows]


@contextmanager
def stream(sql: str, fmt: str, params: dict[str, Any] | None = None, settings: dict[str, Any] | None = None) -> Generator[Iterator[bytes]]:
    """The answer in one of ClickHouse's formats, in pieces of a megabyte; errors as `query`.

    The server keeps the answer on its disk until it is whole, because an error in the middle would look like data.
    """
    whole = {"wait_end_of_query": 1, "buffer_size": 1 << 20} | (settings or {})
    try:
        answer: Any = client().raw_stream(sql, parameters=params, settings=whole, fmt=fmt)
    except ClickHouseError as error:
        raise _translate(error) from error
    try:
        yield iter(lambda: answer.read(1 << 20), b"")
    finally:
        answer.close()


def command(sql: str, params: dict[str, Any] | None = None, database: str | None = None) -> Any:
    """Run a statement that answers with a value or nothing."""
    try:
        return client(database).command(sql, parameters=params)
    except ClickHouseError as error:
        raise _translate(error) from error


def insert(
    table: str, columns: Sequence[str], data: Sequence[Sequence[Any]], types: Sequence[str], settings: dict[str, Any] | None = None
) -> None:
    """Write columns (column-oriented `data`); ServiceUnavailableError when not every row was taken."""
    rows = len(data[0]) if data else 0
    if not rows:
        return
    try:
        context = client().create_insert_context(table, columns, column_type_names=types, column_oriented=True, settings=settings)
        summary = client().insert(data=data, context=context)
    except ClickHouseError as error:
        raise _translate(error) from error
    vars(context).clear()  # it holds itself and the whole batch, until the garbage collector comes by
    if summary.written_rows != rows:
        raise ServiceUnavailableError(f"ClickHouse took {summary.written_rows} of {rows} rows of {table}")


def ping() -> None:
    """Raise when a query is not answered."""
    command("SELECT 1", database="default")
