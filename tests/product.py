"""The product as a user runs it: `langfuse-app up` in a folder of its own, with known keys."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psutil

PUBLIC_KEY, SECRET_KEY = "pk-lf-test-0001", "sk-lf-test-0001"
PROJECT_ID = "7a88fb47-b4e2-43b8-a06c-a5ce950dc53a"  # the id that the SDKs' own end-to-end tests expect
EMAIL, PASSWORD = "ada@example.com", "correct-horse-battery"
ROOT = Path(__file__).resolve().parents[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Product:
    """One running instance."""

    def __init__(
        self, data_dir: Path, port: int | None = None, *, command: list[str] | None = None, cwd: Path = ROOT, **environment: str
    ) -> None:
        self._command, self._cwd = command or [sys.executable, "-m", "langfuse_app.cli"], cwd
        self.data_dir, self.port = data_dir, port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = data_dir.parent / f"{data_dir.name}.log"
        self._environment = clean_environment() | {
            "LANGFUSE_INIT_ORG_ID": "test-org",
            "LANGFUSE_INIT_ORG_NAME": "Northwind Labs",
            "LANGFUSE_INIT_PROJECT_ID": PROJECT_ID,
            "LANGFUSE_INIT_PROJECT_NAME": "support-copilot",
            "LANGFUSE_INIT_PROJECT_PUBLIC_KEY": PUBLIC_KEY,
            "LANGFUSE_INIT_PROJECT_SECRET_KEY": SECRET_KEY,
            "LANGFUSE_INIT_USER_EMAIL": EMAIL,
            "LANGFUSE_INIT_USER_NAME": "Ada Reyes",
            "LANGFUSE_INIT_USER_PASSWORD": PASSWORD,
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, seconds: float = 240) -> "Product":
        """Start and wait until the sign-in page and the API answer."""
        self.launch()
        self.wait(seconds)
        return self

    def launch(self) -> subprocess.Popen[bytes]:
        """Start and do not wait."""
        command = [*self._command, "up", "--port", str(self.port), "--data-dir", str(self.data_dir)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, cwd=self._cwd, env=self._environment, stdout=log, stderr=log)
        return self.process

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another command of the product, with the same settings."""
        return subprocess.run(
            [*self._command, *arguments], cwd=self._cwd, env=self._environment, capture_output=True, text=True, check=False
        )

    def wait(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process is not None and self.process.poll() is not None:
                raise AssertionError(f"`up` ended with {self.process.returncode}:\n{self.tail()}")
            if self.answers():
                return
            time.sleep(0.2)
        raise AssertionError(f"no answer within {seconds} s:\n{self.tail()}")

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/api/public/health", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def tail(self, lines: int = 30) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def client(self, timeout: float = 15) -> httpx.Client:
        return httpx.Client(base_url=self.url, auth=(PUBLIC_KEY, SECRET_KEY), timeout=timeout)

    def roles(self) -> dict[str, list[psutil.Process]]:
        """Running processes by what they do."""
        found: dict[str, list[psutil.Process]] = {}
        if self.process is None:
            return found
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                line = " ".join(child.cmdline())
            except psutil.Error:
                continue
            for role, mark in (
                ("clickhouse", "clickhouse_child"),
                ("redis", "redis-server"),
                ("postgres", "postgres"),
                ("worker", "cli worker"),
                ("web", "runtime.web"),
            ):
                if mark in line:
                    found.setdefault(role, []).append(child)
                    break
        ours = self.process.pid  # a role's main process first, its own children behind it
        return {role: sorted(group, key=lambda process: (process.ppid() != ours, process.pid)) for role, group in found.items()}

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """kill -9 of the supervisor; its guard ends the rest."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def clean_environment() -> dict[str, str]:
    """This environment without settings of another instance."""
    ours = ("LANGFUSE_", "DATABASE_", "CLICKHOUSE_", "REDIS_", "NEXTAUTH_", "SALT", "ENCRYPTION_KEY", "QUEUE_CONSUMER_", "PORT")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours) or name == "LANGFUSE_CACHE_DIR"}
