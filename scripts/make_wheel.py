"""dist/langfuse_app-*.whl: the packages, the migrations and the UI built for exactly these sources."""

import subprocess
import sys
from pathlib import Path

from langfuse_app.runtime import bundle

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    bundle.ensure()
    subprocess.run([sys.executable, "-m", "build", "--wheel", "--no-isolation", str(ROOT)], check=True)


if __name__ == "__main__":
    main()
