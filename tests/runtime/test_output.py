"""What a person reads: the banner, the steps, the log lines."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest
import structlog

from langfuse_app.core.settings import Settings
from langfuse_app.runtime.banner import banner
from langfuse_app.runtime.logs import configure
from langfuse_app.runtime.progress import step

FIRST = {"email": "a@b.c", "password": "pw", "public_key": "pk-1", "secret_key": "sk-1", "created": True}


def test_the_first_banner_has_all_that_a_first_trace_needs() -> None:
    text = banner("http://localhost:3000", FIRST)
    for part in ("http://localhost:3000", "a@b.c  pw", "pk-1", "sk-1", "pip install langfuse"):
        assert part in text


def test_the_pasted_snippet_is_python() -> None:
    code = banner("http://x", FIRST).partition("pip install langfuse\n")[2]
    lines = [line.removeprefix("  ") for line in code.splitlines()]
    compile("\n".join(lines), "snippet", "exec")


def test_later_banners_repeat_no_secret() -> None:
    text = banner("http://localhost:3000", FIRST | {"password": None, "secret_key": None, "created": False})
    assert "http://localhost:3000" in text
    assert "pk-1" not in text


def test_a_long_step_is_announced_and_timed(capsys: pytest.CaptureFixture[str]) -> None:
    with step("Building the UI"):
        pass
    first, second = capsys.readouterr().err.splitlines()
    assert first == "Building the UI …"
    assert second.startswith("Building the UI: done in 0.")


@pytest.fixture
def logs() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def test_log_lines_of_both_kinds_are_json_when_asked(logs: None, capsys: pytest.CaptureFixture[str]) -> None:
    configure(Settings(LANGFUSE_LOG_FORMAT="json", LANGFUSE_LOG_LEVEL="info"))
    structlog.get_logger("ours").info("one", shard=3)
    logging.getLogger("theirs").warning("two %s", "words")
    logging.getLogger("theirs").debug("silent")
    one, two = map(json.loads, capsys.readouterr().err.splitlines())
    assert (one["event"], one["shard"], one["level"]) == ("one", 3, "info")
    assert (two["event"], two["logger"]) == ("two words", "theirs")


def test_the_supervisor_carries_no_heavy_library() -> None:
    code = "import sys, langfuse_app.runtime.supervisor; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"sqlalchemy", "reflex", "fastapi", "starlette", "clickhouse_connect", "redis", "rq", "litellm"} & set(done.stdout.split())
