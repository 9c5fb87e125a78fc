"""The browser's half of the UI: built once by Reflex and bun, and again only when what it is made of changed.

An installed wheel carries it in `_data/ui`; a clone keeps it in `build/ui`. One bundle serves under any host and
port: Reflex bakes in the address of its backend, and `_follow_the_page` makes that the address of the page.
"""

import gzip
import hashlib
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from langfuse_app.core.paths import resources
from langfuse_app.runtime import toolchain
from langfuse_app.runtime.child import ChildSpec, StartError, run_to_end
from langfuse_app.runtime.progress import step

_ROOT = resources()
_INSTALLED = _ROOT.name == "_data"
_INPUTS = (
    "rxconfig.py",
    "reflex.lock/*",
    "assets/**/*",
    "langfuse_app/langfuse_app.py",
    "langfuse_app/core/*.py",
    "langfuse_app/ui/**/*.py",
    *(f"langfuse_app/features/**/*{name}.py" for name in ("page", "state", "components", "schemas")),
)
_WEB_SOCKET = re.compile(r"""([`"'])ws://localhost:\d+(/[^`"']*)\1""")
_HTTP = re.compile(r"""([`"'])http://localhost:\d+(/[^`"']*)\1""")


def folder() -> Path:
    """Where the built UI lies: `build/client` and `backend` inside it are what the web process reads."""
    return _ROOT / "ui" if _INSTALLED else _ROOT / "build" / "ui"


def ensure() -> Path:
    """The folder of a current UI, built now when it is missing or old; StartError when that fails."""
    if _INSTALLED:
        return folder()
    if not _current():
        with toolchain.alone(_ROOT / "build" / "ui.lock"):
            if not _current():  # another start may have built it while this one waited
                with step("Building the UI"):
                    _build()
    return folder()


def _current() -> bool:
    stamp = folder() / "inputs.sha256"
    return stamp.exists() and stamp.read_text() == inputs_hash()


def inputs_hash() -> str:
    """sha256 over everything the bundle is made of: pages, states, design system, assets, locks, Reflex's version."""
    digest = hashlib.sha256(importlib.metadata.version("reflex").encode())
    for path in _inputs():
        digest.update(f"\0{path.relative_to(_ROOT)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _inputs() -> Iterator[Path]:
    found = {path for pattern in _INPUTS for path in _ROOT.glob(pattern) if path.is_file()}
    return iter(sorted(found))


def _build() -> None:
    log = _ROOT / "build" / "ui.log"
    log.unlink(missing_ok=True)
    command = [sys.executable, "-m", "reflex", "export", "--frontend-only", "--no-zip", "--env", "prod"]
    code = run_to_end(ChildSpec("reflex", command, lambda: True, log=log, environment=_environment(), working_folder=_ROOT))
    made = _ROOT / ".web"
    if code or not (made / "build" / "client" / "index.html").exists():
        raise StartError(f"the UI could not be built: {_last_error(log)} (see {log})")
    fresh = folder().with_name("ui.new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(made / "build" / "client", fresh / "build" / "client")
    if (made / "backend").exists():
        shutil.copytree(made / "backend", fresh / "backend")
    _follow_the_page(fresh / "build" / "client")
    (fresh / "inputs.sha256").write_text(inputs_hash())  # now: the build itself may write reflex.lock
    shutil.rmtree(folder(), ignore_errors=True)
    fresh.rename(folder())


def _environment() -> dict[str, str]:
    mirror = {} if "NPM_CONFIG_REGISTRY" in os.environ else _npm_registry()
    return {
        **mirror,
        "REFLEX_BUN_PATH": str(toolchain.bun()),
        "REFLEX_DIR": str(toolchain.cache_folder() / "reflex"),
        "REFLEX_TELEMETRY_ENABLED": "false",
        "REFLEX_CHECK_LATEST_VERSION": "false",
    }


def _npm_registry() -> dict[str, str]:
    """The registry of the user's npm, which Reflex would otherwise look for by itself on the internet."""
    npm = shutil.which("npm")
    if npm is None:
        return {}
    answer = subprocess.run([npm, "config", "get", "registry"], capture_output=True, text=True, check=False).stdout.strip()
    return {"NPM_CONFIG_REGISTRY": answer} if answer.startswith("http") else {}


def _follow_the_page(client: Path) -> None:
    """Put the page's own address in place of the baked one, in the script and its compressed twin."""
    changed = 0
    for script in client.glob("assets/reflex-env-*.js"):
        text = script.read_text()
        new = _WEB_SOCKET.sub(r'(location.protocol.replace("http","ws")+"//"+location.host+"\2")', text)
        new = _HTTP.sub(r'(location.origin+"\2")', new)
        changed += new != text
        script.write_text(new)
        twin = script.with_suffix(".js.gz")
        if twin.exists():
            twin.write_bytes(gzip.compress(new.encode(), 9, mtime=0))
    if not changed:
        raise StartError("the UI was built, but the backend's address was not found in it: this Reflex version is not supported")


def _last_error(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower()]
    return (telling or lines or ["no output"])[-1][:300]
