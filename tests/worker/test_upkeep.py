"""A quiet month becomes one part, once, and only when it is worth it."""

from dataclasses import replace

import pytest

from langfuse_app.core.settings import Settings
from langfuse_app.features.observations import service as observations
from langfuse_app.features.upkeep import service
from langfuse_app.features.upkeep.repository_clickhouse import Partition, partitions
from tests import factories

MONTH = Partition("observations", "202605", parts=3, level=1, bytes=1_000, largest=900, quiet_s=service.QUIET_S)
HUGE = service.SMALL * 10


@pytest.mark.parametrize(
    ("changes", "due"),
    [
        ({}, True),
        ({"quiet_s": service.QUIET_S - 1}, False),
        ({"parts": 1, "largest": 1_000}, False),
        ({"parts": 1, "largest": 1_000, "quiet_s": service.CLOSED_S}, False),
        ({"parts": 1, "largest": 1_000, "level": 0}, True),  # no index is built yet
        ({"parts": 2, "level": 0}, True),
        ({"largest": 960}, False),  # little is new
        ({"largest": 960, "quiet_s": service.CLOSED_S}, True),
        ({"bytes": HUGE, "largest": HUGE // 2}, False),
        ({"bytes": HUGE, "largest": HUGE // 2, "quiet_s": service.CLOSED_S}, True),
    ],
)
def test_what_is_due(changes: dict[str, int], due: bool) -> None:
    assert service.due(replace(MONTH, **changes)) is due


def test_versions_become_one_row_and_one_part(engines: Settings) -> None:
    scope = factories.project()
    month = factories.at(400 * 86_400)  # which no other test writes to
    for name in ("first", "second", "third"):
        factories.observation(scope, "t", id="o", start_time=month, name=name)
    known = {one.id for one in partitions() if one.table == "observations" and one.parts > 1}
    settled = {one.id for one in service.settle(quiet_s=0) if one.table == "observations"}
    assert settled
    assert settled <= known | {one.id for one in partitions()}
    assert all(one.parts == 1 and one.level > 0 for one in partitions() if one.id in settled and one.table == "observations")
    assert observations.get(scope, "o").name == "third"
    assert not [one for one in service.settle(quiet_s=0) if one.table == "observations" and one.id in settled]
