"""A disk that fills up: acceptance says 503 before anything breaks, goes on when there is room, and nothing acknowledged is lost."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.crash.flood import Flood
from tests.crash.looking import Inside, until
from tests.product import Product

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

DISK, RESERVE = 600 << 20, 120 << 20


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system can only be mounted by root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def free(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def test_a_full_disk_is_said_and_nothing_is_lost(disk: Path, figures: dict[str, Any]) -> None:
    product = Product(disk / "data", LANGFUSE_DISK_RESERVE_BYTES=str(RESERVE)).start()
    product.log = disk.parent / "product.log"
    inside, filler = Inside(product), disk / "filler"
    try:
        with Flood(product.url, 400) as flood:
            until(lambda: flood.spans > 500, 60, "no spans are taken")
            with filler.open("wb") as file:
                while free(disk) > RESERVE - (8 << 20):
                    file.write(b"x" * (4 << 20))
                    file.flush()
            until(lambda: flood.statuses[503] > 3, 60, "a full disk is not said")
            taken = flood.spans
            filler.unlink()
            until(lambda: flood.spans > taken + 500, 60, "spans are not taken again")
        figures |= {"spans": flood.spans, "503s": flood.statuses[503], "MB left when it said so": RESERVE / 2**20}
        until(lambda: not inside.problems(flood.acknowledged), 120, "not complete")
        assert set(flood.statuses) == {200, 503}, flood.statuses
    finally:
        product.stop()
