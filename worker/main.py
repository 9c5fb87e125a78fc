"""A worker process: consumes its queues, runs the schedules beside them, and stops when the drain is done."""

import gc
import logging
import os
import threading
import time
from collections.abc import Callable
from importlib import import_module

from rq import Queue, SimpleWorker
from rq.scheduler import RQScheduler

from langfuse_app.core.settings import get_settings
from langfuse_app.features.queues.service import announce
from langfuse_app.features.upkeep import service as upkeep
from langfuse_app.stores import cache
from langfuse_app.stores.queue import queue
from langfuse_app.stores.redis import redis
from worker import blob_exports, deletions, sweep
from worker.queues import describe, named
from worker.stopping import stopping

log = logging.getLogger(__name__)

NICE = 10  # the UI stays quick while workers are busy
STOP_S = 20.0  # a stop takes no longer, also while a store stands still: shorter than the 30 s after which it would be killed


class Worker(SimpleWorker):
    """RQ's worker without forks; a stop signal also reaches the running task."""

    def handle_warm_shutdown_request(self) -> None:
        """Tell the loops of this process, and see to it that it ends."""
        stopping.set()
        give_up = threading.Timer(STOP_S, _give_up)
        give_up.daemon = True
        give_up.start()
        super().handle_warm_shutdown_request()


def _give_up() -> None:
    """End in the middle of the work, as if killed: whatever was not acknowledged is done again by the next worker."""
    log.warning("the work in hand was not finished within %.0f s of the stop and is left to the next worker", STOP_S)
    logging.shutdown()
    os._exit(1)


class Schedules(threading.Thread):
    """What has to happen every few seconds, whether or not a job runs: each task with the seconds between its beginnings."""

    def __init__(self, every: dict[Callable[[], object], float]) -> None:
        super().__init__(name="schedules", daemon=True)
        self._every = every
        self._next: dict[Callable[[], object], float] = {}

    def run(self) -> None:
        """Until the process stops."""
        while not stopping.wait(0.5):
            for task, seconds in self._every.items():
                if time.monotonic() >= self._next.get(task, 0.0):
                    self._next[task] = time.monotonic() + seconds
                    self._run(task)

    @staticmethod
    def _run(task: Callable[[], object]) -> None:
        try:
            task()
        except Exception as error:  # a store may be away for a while; the next round tries again
            log.warning("schedule %s failed: %s", task.__name__, error)


def run(names: list[str]) -> None:
    """Consume the queues (or lanes) of those names until SIGTERM or SIGINT."""
    os.nice(NICE)
    gc.freeze()  # what is imported stays
    settings = get_settings()
    specs = named(names, settings)
    if not specs:
        raise ValueError("no queue to consume: every QUEUE_CONSUMER_*_IS_ENABLED of this worker is false")
    for task in (task for spec in specs for task in spec.tasks):
        import_module(task.rpartition(".")[0])  # a second or two that the first trace need not wait for
    queues: list[Queue] = [queue(spec.name) for spec in specs]
    announce(describe())
    _start_schedules(queues)
    worker = Worker(queues, connection=redis(), maintenance_interval=60)
    worker.work(with_scheduler=False, logging_level="WARNING")


def _start_schedules(queues: list[Queue]) -> None:
    delayed = RQScheduler(queues, connection=redis(), logging_level="WARNING")

    def promote() -> None:
        """Delayed jobs whose time has come go to their queues; of all workers one does it, without a process of its own."""
        delayed.acquire_locks()
        delayed.enqueue_scheduled_jobs()

    Schedules(
        {
            promote: 1.0,
            sweep.rearm: sweep.REARM_S,
            cache.settle: 5.0,
            deletions.look: deletions.LOOK_S,
            blob_exports.look: blob_exports.LOOK_S,
        }
    ).start()
    # These may wait, for minutes or for a bucket, and the others must not.
    Schedules({upkeep.settle: upkeep.LOOK_S}).start()
    Schedules({sweep.compare: sweep.COMPARE_S}).start()
