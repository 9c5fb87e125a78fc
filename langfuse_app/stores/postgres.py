"""PostgreSQL: one engine per process, and a session that commits or rolls back as a whole."""

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Engine, literal, text, tuple_
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlmodel import Session, create_engine

from langfuse_app.core.errors import ServiceUnavailableError
from langfuse_app.core.pagination import Place
from langfuse_app.core.settings import get_settings


def _make(url: str) -> Engine:
    # pre_ping: after a restart of the server the pool mends itself instead of failing one request per connection
    # hide_parameters: what people stored, secrets too, must not reach the log with an error of the server
    return create_engine(
        url, pool_size=8, max_overflow=8, pool_pre_ping=True, pool_timeout=10, hide_parameters=True, connect_args={"connect_timeout": 5}
    )


@lru_cache
def engine() -> Engine:
    """The engine for writes and for reads that must see them."""
    return _make(get_settings().DATABASE_URL)


@lru_cache
def read_engine() -> Engine:
    """The engine for reads that may lag: DATABASE_READ_URL where set."""
    url = get_settings().DATABASE_READ_URL
    return _make(url) if url else engine()


_open: ContextVar[Session | None] = ContextVar("open transaction", default=None)


@contextmanager
def transaction() -> Generator[None]:
    """Every `session` inside is part of one transaction, which holds or fails as a whole; errors as `session`."""
    with session() as current:
        token = _open.set(current)
        try:
            yield
        finally:
            _open.reset(token)


@contextmanager
def session() -> Generator[Session]:
    """One transaction, or the open one's next statements. ServiceUnavailableError when the server cannot be reached."""
    outer = _open.get()
    if outer is not None:
        yield outer
        outer.flush()  # what breaks a rule of the tables is raised where it was written
        return
    try:
        with Session(engine(), expire_on_commit=False) as current:
            yield current
            current.commit()
    except (OperationalError, InterfaceError, NoConnectionError) as error:
        raise ServiceUnavailableError("Service Unavailable") from error


def lock(current: Session, name: str) -> None:
    """Whoever locks the same name waits until this transaction ends."""
    current.connection().execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})


def behind(place: Place | None, time: Any, id: Any) -> list[ColumnElement[bool]]:
    """The condition of a list, newest first by these columns, that its rows come after the place; none for no place."""
    return [] if place is None else [tuple_(time, id) < tuple_(literal(place.time), literal(place.id))]


def ping() -> None:
    """Raise when the server does not answer."""
    with session() as current:
        current.connection().exec_driver_sql("SELECT 1")
