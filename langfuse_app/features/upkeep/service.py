"""Settling: a month in which nothing is written any more becomes one part.

Rows of one part need no merging when they are read, and all of their indexes are built: counts and sums over a settled month cost
half. The price is that the month is written once more, so it is paid when it is quiet, and for much only when much is new.
"""

import logging

from langfuse_app.core.errors import ServiceUnavailableError
from langfuse_app.core.settings import get_settings
from langfuse_app.features.upkeep import repository_clickhouse as repository
from langfuse_app.features.upkeep.repository_clickhouse import Partition
from langfuse_app.stores.locks import exclusive

log = logging.getLogger(__name__)

LOOK_S = 5.0
QUIET_S = 20  # soon, so that the work is over when one looks whether all is at rest
CLOSED_S = 86_400  # a month without a write for a day is over
SMALL = 2 << 30  # bytes that are rewritten in a minute or two
_WORTH = 20  # rewritten bytes for each new one, at most
_HOLD_S = 600


def settle(quiet_s: int = QUIET_S) -> list[Partition]:
    """Settle what is due and say what was; one process at a time, and none on a cluster, whose merges are its operators'."""
    if get_settings().CLICKHOUSE_CLUSTER_ENABLED:
        return []
    with exclusive("settling", hold_s=_HOLD_S) as mine:
        return [one for one in repository.partitions() if due(one, quiet_s) and _merged(one)] if mine else []


def due(partition: Partition, quiet_s: int = QUIET_S) -> bool:
    """Whether the month is quiet, not one merged part, and new enough in its bytes to be worth it."""
    if partition.quiet_s < quiet_s or (partition.parts == 1 and partition.level > 0):
        return False
    new = partition.bytes if partition.level == 0 and partition.parts == 1 else partition.bytes - partition.largest
    return partition.quiet_s >= CLOSED_S or (partition.bytes <= SMALL and new * _WORTH >= partition.largest)


def _merged(partition: Partition) -> bool:
    try:
        repository.merge(partition)
    except ServiceUnavailableError as error:  # it may go on there; the next look knows
        log.info("settling %s of %s: %s", partition.id, partition.table, error)
        return False
    log.info("%s of %s is one part now", partition.id, partition.table)
    return True
