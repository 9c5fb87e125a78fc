"""Tools come through npm with exactly the pinned bytes; a registry of our own serves a small package."""

import base64
import dataclasses
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from langfuse_app.runtime import toolchain
from langfuse_app.runtime.child import StartError
from langfuse_app.runtime.toolchain import Pin, install

PACKAGE = "@tools/probe"


def tarball() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in {"package.json": json.dumps({"name": PACKAGE, "version": "1.0.0"}), "bin/probe": "hello"}.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


class Registry:
    def __init__(self) -> None:
        self.bytes = tarball()
        self.downloads = 0
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = registry.answer(self.path)
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def answer(self, path: str) -> bytes:
        if path.endswith(".tgz"):
            self.downloads += 1
            return self.bytes
        dist = {"tarball": f"{self.url}/probe.tgz", "integrity": self.pin.integrity}
        return json.dumps({"name": PACKAGE, "versions": {"1.0.0": {"name": PACKAGE, "version": "1.0.0", "dist": dist}}}).encode()

    @property
    def pin(self) -> Pin:
        digest = base64.b64encode(hashlib.sha512(self.bytes).digest()).decode()
        return Pin(PACKAGE, "1.0.0", f"sha512-{digest}", "bin/probe")


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    registry = Registry()
    Thread(target=registry.server.serve_forever, daemon=True).start()
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", registry.url)
    monkeypatch.setenv("NPM_CONFIG_CACHE", str(tmp_path / "npm"))
    monkeypatch.setenv("LANGFUSE_CACHE_DIR", str(tmp_path / "cache"))
    yield registry
    registry.server.shutdown()
    registry.server.server_close()


def test_a_tool_is_fetched_once_by_starts_at_the_same_time(registry: Registry) -> None:
    with ThreadPoolExecutor(3) as pool:
        found = set(pool.map(lambda _: install(registry.pin, "probe"), range(3)))
    assert [path.read_text() for path in found] == ["hello"]
    assert registry.downloads == 1


def test_other_bytes_than_the_pinned_ones_are_refused(registry: Registry, capfd: pytest.CaptureFixture[str]) -> None:
    wrong = dataclasses.replace(registry.pin, integrity="sha512-" + base64.b64encode(bytes(64)).decode())
    with pytest.raises(StartError, match=r"probe could not be fetched: .*EINTEGRITY"):
        install(wrong, "probe")
    assert install(registry.pin, "probe").exists()


def test_without_a_package_manager_the_line_says_what_to_install(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(StartError, match=r"npm \(or bun\) is needed"):
        install(registry.pin, "probe")


def test_a_platform_without_a_package_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "sparc")
    with pytest.raises(StartError, match="set CLICKHOUSE_URL"):
        toolchain.libchdb()


def test_every_pin_has_an_exact_version_and_a_sha512() -> None:
    pins = json.loads(Path(toolchain.__file__).with_name("tools.json").read_text())
    for platforms in pins.values():
        for pin in platforms.values():
            assert pin["version"][0].isdigit()
            assert len(base64.b64decode(pin["integrity"].removeprefix("sha512-"))) == 64
