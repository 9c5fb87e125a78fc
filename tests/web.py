"""The web process alone, on the engines of a test run."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.product import ROOT, free_port


@contextmanager
def web_process(root: Path = ROOT, role: str = "all", **settings: str) -> Iterator[str]:
    """The address of a web process, with the code and the built UI below `root`."""
    port = free_port()
    log = Path(tempfile.mkdtemp(prefix="langfuse-app-web-")) / "web.log"
    command = [sys.executable, "-m", "langfuse_app.runtime.web", role, "127.0.0.1", str(port), "1"]
    environment = os.environ | {"PORT": str(port), "PYTHONPATH": str(root)} | settings
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=root, env=environment, stdout=output, stderr=output)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(url, process, log)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/api/public/health", timeout=2).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise AssertionError(f"the web process did not answer:\n{log.read_text(errors='replace')[-3000:]}")
