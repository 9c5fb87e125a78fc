"""Makes .venv from a lock file: `python3 scripts/bootstrap.py [requirements.lock | requirements-dev.lock]`.

Nothing but the standard library, since nothing else is there yet. With uv on PATH it is quick; without, venv and pip do
the same, and both refuse a file whose hash is not in the lock. Done already and unchanged: it says nothing.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"


def main(lock: str) -> None:
    _choose_python(lock)
    wanted = f"{sys.version_info[:2]} {hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()}"
    stamp = VENV / f"{lock}.installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"Installing the environment of {lock} …", file=sys.stderr, flush=True)
    _install(lock)
    _link_the_tree()
    stamp.write_text(wanted)


def _choose_python(lock: str) -> None:
    """Start again under 3.12 or 3.11 where that is needed: redis-server comes in a wheel for these only."""
    old, new = sys.version_info < (3, 11), sys.version_info >= (3, 13)
    if old or (new and not shutil.which("redis-server") and not shutil.which("valkey-server")):
        for name in ("python3.12", "python3.11"):
            found = shutil.which(name)
            if found and subprocess.run([found, "-c", "import ssl, venv"], check=False, capture_output=True).returncode == 0:
                os.execv(found, [found, __file__, lock])
    if old:
        sys.exit(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}")


def _install(lock: str) -> None:
    if not PYTHON.exists() or not _same_version():
        _create()
    subprocess.run([*_installer(), "--require-hashes", "-r", str(ROOT / lock)], check=True)


def _create() -> None:
    if uv := shutil.which("uv"):
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(VENV)], check=True)
    else:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], check=True)


def _installer() -> list[str]:
    """uv on PATH or in the environment itself, where the developers' lock puts it; else pip."""
    if uv := shutil.which("uv", path=os.pathsep.join([str(PYTHON.parent), os.environ["PATH"]])):
        return [uv, "pip", "install", "--quiet", "--python", str(PYTHON)]
    return [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"]


def _same_version() -> bool:
    ask = [str(PYTHON), "-c", "import sys; print(sys.version_info[:2])"]
    return subprocess.run(ask, capture_output=True, text=True, check=False).stdout.strip() == str(sys.version_info[:2])


def _link_the_tree() -> None:
    """Make this tree importable and its command callable, without a build."""
    paths = sysconfig.get_paths("venv", {"base": str(VENV), "platbase": str(VENV)})
    (Path(paths["purelib"]) / "langfuse_app.pth").write_text(f"{ROOT}\n")
    command = Path(paths["scripts"]) / "langfuse-app"
    command.write_text(f"#!{PYTHON}\nfrom langfuse_app.cli import main\n\nmain()\n")
    command.chmod(0o755)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "requirements.lock")
