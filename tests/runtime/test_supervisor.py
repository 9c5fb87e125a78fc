"""`up` as a whole: what crashed comes back, what is stopped stops in order, and kill -9 leaves nothing behind."""

import re
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.product import Product

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

IDLE_MEGABYTES, IDLE_PERCENT = 1024, 3.0
KILLED = ("redis", "clickhouse", "postgres", "worker", "web")


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    running = Product(tmp_path_factory.mktemp("up") / "data").start()
    yield running
    running.stop()


def family(product: Product) -> list[psutil.Process]:
    assert product.process
    root = psutil.Process(product.process.pid)
    return [root, *root.children(recursive=True)]


def gone(processes: list[psutil.Process], seconds: float) -> bool:
    """Whether none of them runs; one that ended and that nobody has collected yet does not."""
    left = psutil.wait_procs(processes, timeout=seconds)[1]
    return all(process.status() == psutil.STATUS_ZOMBIE for process in left)


def test_idle_it_is_small(product: Product) -> None:
    time.sleep(5)  # the last work of the start
    before = {process.pid: sum(process.cpu_times()[:2]) for process in family(product)}
    time.sleep(15)
    cpu = sum(sum(process.cpu_times()[:2]) - before.get(process.pid, 0.0) for process in family(product))
    megabytes = sum(process.memory_full_info().pss for process in family(product)) / 2**20
    assert megabytes < IDLE_MEGABYTES
    assert cpu / 15 * 100 < IDLE_PERCENT


@pytest.mark.parametrize("role", KILLED)
def test_a_killed_child_is_reported_and_comes_back(product: Product, role: str) -> None:
    victim = product.roles()[role][0]
    victim.kill()
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline:
        now = product.roles().get(role, [])
        back = now and victim.pid not in [process.pid for process in now]
        said = re.search(rf"^{role}\S*( \d+)? ended with signal SIGKILL; starting it again", product.tail(200), re.MULTILINE)
        if back and said and product.answers():
            break
        time.sleep(0.2)
    else:
        pytest.fail(f"{role} did not come back, or nobody said so:\n{product.tail()}")


def test_kill_9_of_the_supervisor_leaves_nothing_and_the_next_start_is_quick(product: Product) -> None:
    left = family(product)
    assert len(left) > 8
    product.kill()
    assert gone(left, 10), [process.cmdline() for process in left if process.is_running()]
    started = time.monotonic()
    product.start(60)
    assert time.monotonic() - started < 15  # 8 s on an idle machine


def test_the_doctor_of_a_running_system_finds_nothing(product: Product) -> None:
    assert product.command("doctor", "--data-dir", str(product.data_dir)).returncode == 0


def test_sigterm_stops_everything_in_order(product: Product) -> None:
    left = family(product)
    assert product.process
    product.process.send_signal(signal.SIGTERM)
    assert product.process.wait(60) == 0
    assert gone(left, 1)
    assert product.tail(1).strip() == "Stopped."
    for engine, words in (("postgres", "database system is shut down"), ("redis", "ready to exit")):
        assert words in (Path(product.data_dir) / "logs" / f"{engine}.log").read_text().strip().splitlines()[-1]


def test_ctrl_c_during_the_start_stops_it(tmp_path: Path) -> None:
    product = Product(tmp_path / "data")
    process = product.launch()
    while not product.roles():
        time.sleep(0.02)
    left = family(product)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert gone(left, 1)
