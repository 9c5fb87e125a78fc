"""The command line refuses with one line on stderr and exit code 2."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from langfuse_app.runtime.datadir import DataDir
from tests.product import clean_environment


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "langfuse_app.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=clean_environment() | environment, check=False, timeout=60)


def refused(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 2, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_a_wrong_setting_is_named(tmp_path: Path) -> None:
    assert "ENCRYPTION_KEY: must be 64 hex digits" in refused(run("up", "--data-dir", str(tmp_path), ENCRYPTION_KEY="short"))


def test_a_busy_port_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"port {port} on 127.0.0.1 cannot be used" in refused(run("up", "--data-dir", str(tmp_path), "--port", str(port)))


def test_a_data_folder_in_use_is_named(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    data.open(0)
    assert "in use by another langfuse-app" in refused(
        run("up", "--data-dir", str(tmp_path), "--port", "0" if os.name == "nt" else "28999")
    )
    data.close()


def test_an_unwritable_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be used as data folder" in refused(run("up", "--data-dir", str(tmp_path / "file" / "x"), "--port", "28999"))


@pytest.mark.parametrize("command", ["serve", "worker", "migrate"])
def test_without_stores_the_missing_setting_is_named(command: str, tmp_path: Path) -> None:
    assert "DATABASE_URL is not set" in refused(run(command, "--data-dir", str(tmp_path)))


def test_only_the_api_takes_more_processes(tmp_path: Path) -> None:
    stores = {"DATABASE_URL": "postgresql://x", "CLICKHOUSE_URL": "http://x", "REDIS_CONNECTION_STRING": "redis://x"}
    assert "only --role api" in refused(run("serve", "--role", "ui", "--workers", "2", "--data-dir", str(tmp_path), **stores))


def test_an_unknown_queue_is_named(tmp_path: Path) -> None:
    stores = {"DATABASE_URL": "postgresql://x", "CLICKHOUSE_URL": "http://x", "REDIS_CONNECTION_STRING": "redis://x"}
    assert "unknown queue nonsense" in refused(run("worker", "--queues", "nonsense", "--data-dir", str(tmp_path), **stores))


def test_the_doctor_says_what_is_wrong_and_how_to_put_it_right(tmp_path: Path) -> None:
    done = run("doctor", "--json", "--data-dir", str(tmp_path), DATABASE_URL="postgresql://u:p@127.0.0.1:1/x")
    assert done.returncode == 1
    findings = {finding["subject"]: finding for finding in json.loads(done.stdout)}
    assert findings["Disk"]["ok"]
    assert findings["Blobs"]["ok"]
    assert "DATABASE_URL" in findings["PostgreSQL"]["fix"]
    assert "langfuse-app up" in findings["Redis"]["fix"]


def test_version_is_printed() -> None:
    assert json.loads(run("version", "--json").stdout)["version"]
