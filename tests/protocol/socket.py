"""The event socket as a browser uses it, without a browser."""

import queue
import uuid
from types import TracebackType
from typing import Any

import socketio

from langfuse_app.features.accounts.service import COOKIE

NAMESPACE = "/_event"
ROOT = "reflex___state____state"


class EventSocket:
    """One tab. `session` is the value of the sign-in cookie, '' for a stranger; `token` names the tab."""

    def __init__(self, url: str, session: str = "", token: str = "", origin: str = "") -> None:
        self.token = token or str(uuid.uuid4())
        self._url = url
        self._headers = {"Cookie": f"{COOKIE}={session}"} if session else {}
        self._updates: queue.Queue[dict[str, Any]] = queue.Queue()
        self._client = socketio.Client(reconnection=False, websocket_extra_options={"origin": origin or url})
        self._client.on("event", self._updates.put, namespace=NAMESPACE)

    def __enter__(self) -> "EventSocket":
        url = f"{self._url}/?token={self.token}"
        self._client.connect(
            url, headers=self._headers, transports=["websocket"], namespaces=[NAMESPACE], socketio_path="_event", wait_timeout=10
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.disconnect()

    def send(self, name: str, payload: dict[str, Any] | None = None, *, path: str = "/", quiet_s: float = 0.35) -> list[dict[str, Any]]:
        """Fire an event as from the page at `path`; every update that follows until it is quiet."""
        pathname, _, search = path.partition("?")
        query = dict(part.split("=", 1) for part in search.split("&") if part)
        parts = pathname.split("/")
        if parts[1:2] == ["project"] and len(parts) > 2:
            query["project_id"] = parts[2]
        if parts[3:4] == ["traces"] and len(parts) > 4:
            query["trace_id"] = parts[4]
        event = {
            "name": name,
            "payload": payload or {},
            "token": self.token,
            "router_data": {"pathname": pathname, "asPath": path, "query": query},
        }
        self._client.emit("event", event, namespace=NAMESPACE)
        updates: list[dict[str, Any]] = []
        while True:
            try:
                updates.append(self._updates.get(timeout=quiet_s))
            except queue.Empty:
                return updates

    def open(self, path: str) -> list[dict[str, Any]]:
        """What a browser does when a page is opened."""
        return self.send(f"{ROOT}.hydrate_and_load", {"vars": {}}, path=path, quiet_s=1.0)
