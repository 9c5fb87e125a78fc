"""Drives the datasets of langfuse 4.18.0: `run_experiment` links and marks its spans, metadata key by key."""

import datasets_scenario as scenarios
import langfuse_otel


def main() -> None:
    langfuse = langfuse_otel.client()
    schema = {"type": "object", "required": ["country"]}
    dataset = scenarios.prepare(langfuse, input_schema=schema, expected_output_schema={"type": "string"})
    scenarios.experiment(langfuse, dataset, "dataset_run_id")
    scenarios.read_runs(langfuse, "with the SDK")


if __name__ == "__main__":
    main()
