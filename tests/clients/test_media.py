"""Media through every SDK: files leave the trace, references stand in their place, and the bytes come back equal (spec/wire.md §2)."""

from __future__ import annotations

import re
import secrets

import httpx
import pytest

from .environments import CLIENTS
from .reading import Target, drive

pytestmark = pytest.mark.clients

CLIENTS_WITH_MEDIA = sorted(path.parent.name for path in CLIENTS.glob("*/drive_media.*"))
_REFERENCE = re.compile(r"@@@langfuseMedia:type=(?P<type>[^|]+)\|id=(?P<id>[\w-]{22})\|source=\w+@@@")


@pytest.mark.parametrize("client", CLIENTS_WITH_MEDIA)
def test_media_make_the_round_trip(client: str, target: Target) -> None:
    driven = drive(client, target, f"{client}-{secrets.token_hex(3)}", driver="drive_media")
    fact = driven.fact("media")
    assert set(fact["equal"].values()) == {True}, f"{fact['equal']}\n{driven.failure}"
    for reading in driven.of("media"):
        assert not reading.mismatches, "\n".join(reading.mismatches[:20])
    with target.http() as http:
        for reference in fact["references"].values():
            found = _REFERENCE.fullmatch(reference)
            assert found
            media = http.get(f"/api/public/media/{found['id']}").json()
            assert media["contentType"] == found["type"]
            assert len(httpx.get(media["url"]).content) == media["contentLength"]
