"""Drives the datasets of langfuse 5.0.4: the experiment exists only on its spans, and its id is computed by the SDK."""

from datetime import UTC, datetime, timedelta
from typing import Any

import datasets_scenario as scenarios
import langfuse_otel
from scenario import tell, when_readable


def experiments_of(langfuse: Any, dataset_id: str, since: datetime) -> tuple[Any, list[Any]]:
    """What the SDK's reading client says; LookupError until all of it is there."""
    api = langfuse.api.experiments
    found = api.list(from_start_time=since, dataset_id=dataset_id, fields="core,metadata,scores").data
    items = api.list_items(from_start_time=since, dataset_id=dataset_id, fields="core,dataset,io,itemMetadata,scores").data
    if not found or not found[0].scores or len(items) < 2 or not all(item.scores and item.output for item in items):
        raise LookupError(dataset_id)
    return found[0], items


def main() -> None:
    since = datetime.now(UTC) - timedelta(minutes=1)
    langfuse = langfuse_otel.client()
    schema = {"type": "object", "required": ["country"]}
    dataset = scenarios.prepare(langfuse, input_schema=schema, expected_output_schema={"type": "string"})
    scenarios.experiment(langfuse, dataset, "experiment_id")
    found, items = when_readable(lambda: experiments_of(langfuse, dataset.id, since), LookupError)
    tell(
        scenario="read",
        id=found.id,
        count=found.item_count,
        metadata=found.metadata,
        shares=[score.value for score in found.scores],
        rights=sorted(score.value for item in items for score in item.scores),
        outputs=sorted(item.output for item in items),
        expected=sorted(item.expected_output for item in items),
    )


if __name__ == "__main__":
    main()
