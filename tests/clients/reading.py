"""Runs a driver and reads every trace it tells of back through the public API, as soon as it has been flushed."""

from __future__ import annotations

import json
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Queue
from threading import Thread
from typing import IO, Any
from urllib.parse import quote

import httpx

from .comparing import mismatches
from .environments import environment

# After this long a trace counts as lost or wrong.
GIVE_UP_S = 10.0


@dataclass(frozen=True, slots=True)
class Target:
    """A running server and a key pair of one of its projects."""

    base_url: str
    public_key: str
    secret_key: str
    project_id: str = ""

    def settings(self) -> dict[str, str]:
        """The settings an application gives a Langfuse SDK; older majors know the URL as LANGFUSE_HOST."""
        return {
            "LANGFUSE_BASE_URL": self.base_url,
            "LANGFUSE_HOST": self.base_url,
            "LANGFUSE_PUBLIC_KEY": self.public_key,
            "LANGFUSE_SECRET_KEY": self.secret_key,
        }

    def http(self) -> httpx.Client:
        """A client that signs its requests with the key pair."""
        return httpx.Client(base_url=self.base_url, auth=(self.public_key, self.secret_key), timeout=15)


@dataclass(slots=True)
class Reading:
    """A story as its driver told it, the API's last answer, what is wrong with it, and how soon after flush it was right."""

    story: dict[str, Any]
    answer: dict[str, Any] = field(default_factory=dict[str, Any])
    mismatches: list[str] = field(default_factory=lambda: ["the trace cannot be read"])
    seconds: float = GIVE_UP_S


@dataclass(slots=True)
class Drive:
    """All that one run of a driver gave: lines without a trace are in `facts` by their scenario's name."""

    client: str
    readings: list[Reading]
    facts: dict[str, dict[str, Any]]
    failure: str | None

    def of(self, scenario: str) -> list[Reading]:
        """The readings of a scenario; fails with the driver's own error text when it never got there."""
        found = [reading for reading in self.readings if reading.story["scenario"] == scenario]
        assert found, f"{self.client} told nothing of {scenario}\n{self.failure or ''}"
        return found

    def fact(self, scenario: str) -> dict[str, Any]:
        """The line that the driver printed for `scenario`."""
        assert scenario in self.facts, f"{self.client} told nothing of {scenario}\n{self.failure or ''}"
        return self.facts[scenario]


def drive(client: str, target: Target, seed: str, openai_url: str = "", driver: str = "drive") -> Drive:
    """Runs a driver of `client` to its end, reading while it runs."""
    settings = {"CLIENT_SEED": seed, "OPENAI_BASE_URL": openai_url, "OPENAI_API_KEY": "sk-none"}
    errors: list[str] = []
    lines: Queue[dict[str, Any] | None] = Queue()
    with environment(client, driver).start({**target.settings(), **settings}) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        collectors = [
            Thread(target=_collect, args=(process.stdout, lines)),
            Thread(target=errors.extend, args=(process.stderr,)),
        ]
        for collector in collectors:
            collector.start()
        try:
            readings, facts = _read_all(lines, target, process.stdin)
        except BaseException:
            process.kill()
            raise
        finally:
            for collector in collectors:
                collector.join()
    complaint = "".join(errors) + (f"exit code {process.returncode}" if process.returncode else "")
    return Drive(client, readings, facts, complaint or None)


def _collect(stream: IO[str], lines: Queue[dict[str, Any] | None]) -> None:
    try:
        for line in stream:
            if line.startswith("{"):
                lines.put(json.loads(line))
    finally:
        lines.put(None)


def _read_all(lines: Queue[dict[str, Any] | None], target: Target, answers: IO[str]) -> tuple[list[Reading], dict[str, dict[str, Any]]]:
    """Reads every story beside the others, so that one which never comes right does not delay the rest."""
    readings: list[Future[Reading]] = []
    facts: dict[str, dict[str, Any]] = {}
    with target.http() as http, ThreadPoolExecutor(8) as readers:
        while (line := lines.get()) is not None:
            if "trace" in line:
                readings.append(readers.submit(_read, http, line, answers))
            else:
                facts[line["scenario"]] = line
        return [reading.result() for reading in readings], facts


def _read(http: httpx.Client, story: dict[str, Any], answers: IO[str]) -> Reading:
    """Reads a story, and lets its driver go on where it waits for that."""
    try:
        return _awaited(http, story)
    finally:
        if story.get("waits"):
            with suppress(BrokenPipeError):  # a driver that has died says why itself
                answers.write("read\n")
                answers.flush()


def _awaited(http: httpx.Client, story: dict[str, Any]) -> Reading:
    """Asks until the answer is as told: the events of one flush may be spread over several requests and batches."""
    reading = Reading(story)
    while time.time() - story["flushed"] < GIVE_UP_S:
        asked = time.time()
        answer = http.get(f"/api/public/traces/{quote(story['trace']['id'], safe='')}")
        if answer.status_code == 200:
            reading.answer = answer.json()
            reading.mismatches = mismatches(story, reading.answer)
            if not reading.mismatches:
                reading.seconds = asked - story["flushed"]
                break
        time.sleep(0.1)
    return reading
