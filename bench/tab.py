"""One open tab beside the load: how long an event of the UI takes there and back, as the browser's socket sees it.

A process of its own, so that the load generator's work is not counted: python -m bench.tab URL SECONDS
prints {"typed": [seconds, …], "table": [seconds, …]}: an event without a query, and one that reads the traces table.
"""

import contextlib
import http.client
import json
import queue
import sys
import time
import uuid
from typing import Any
from urllib.parse import urlencode, urlsplit

import socketio

from bench.targets import EMAIL, PASSWORD, PROJECT

NAMESPACE = "/_event"
ROOT = "reflex___state____state"
EVERY_S = 0.1


def sign_in(url: str) -> str:
    """The session cookie of the first user, as name=value."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": url}
    connection.request("POST", "/api/auth/sign-in", urlencode({"email": EMAIL, "password": PASSWORD}), headers)
    cookie = connection.getresponse().getheader("set-cookie")
    if not cookie:
        raise RuntimeError("the first user cannot sign in")
    return cookie.partition(";")[0]


class Tab:
    """A tab on the traces page."""

    def __init__(self, url: str) -> None:
        self._token, self._updates = str(uuid.uuid4()), queue.Queue[dict[str, Any]]()
        self._client = socketio.Client(reconnection=False, websocket_extra_options={"origin": url})
        self._client.on("event", self._updates.put, namespace=NAMESPACE)
        self._client.connect(
            f"{url}/?token={self._token}",
            headers={"Cookie": sign_in(url)},
            transports=["websocket"],
            namespaces=[NAMESPACE],
            socketio_path="_event",
        )
        self._send(f"{ROOT}.hydrate_and_load", {"vars": {}})
        self._quiet()

    def _send(self, name: str, payload: dict[str, Any]) -> None:
        path = f"/project/{PROJECT}/traces"
        place = {"pathname": path, "asPath": path, "query": {"project_id": PROJECT}}
        self._client.emit("event", {"name": name, "payload": payload, "token": self._token, "router_data": place}, namespace=NAMESPACE)

    def _quiet(self, seconds: float = 1.0) -> None:
        """Wait until no update has come for a while."""
        with contextlib.suppress(queue.Empty):
            while True:
                self._updates.get(timeout=seconds)

    def round_trip(self, name: str, payload: dict[str, Any]) -> float:
        """Seconds from the event to its update; whatever else follows is taken away before the next one."""
        self._quiet(EVERY_S)
        begun = time.perf_counter()
        self._send(name, payload)
        self._updates.get(timeout=30)
        return time.perf_counter() - begun

    def close(self) -> None:
        """Leave."""
        self._client.disconnect()


def main() -> None:
    """Measure and print."""
    url, seconds = sys.argv[1], float(sys.argv[2])
    state = f"{ROOT}.langfuse_app___features___accounts___state____app_state.langfuse_app___features___traces___state____traces_state"
    tab = Tab(url)
    found: dict[str, list[float]] = {"typed": [], "table": []}
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found["typed"].append(tab.round_trip(f"{state}.search_traces", {"text": "user:ada "}))
        if len(found["typed"]) % 10 == 0:
            found["table"].append(tab.round_trip(f"{state}.show_new", {}))
    tab.close()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
