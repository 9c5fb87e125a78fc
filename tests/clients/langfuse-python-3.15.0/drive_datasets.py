"""Drives the datasets of langfuse 3.15.0: `item.run` and `run_experiment`, which link and mark their spans."""

import datasets_scenario as scenarios
import langfuse_otel
from scenario import tell


def main() -> None:
    langfuse = langfuse_otel.client()
    dataset = scenarios.prepare(langfuse)
    for item in dataset.items:
        with item.run(run_name="linked", run_description="each night", run_metadata=scenarios.METADATA) as span:
            output = scenarios.answer(item.input["country"])
            span.update(input=item.input, output=output)
            span.score_trace(name="right", value=float(output == item.expected_output))
    langfuse.flush()
    tell(scenario="linked", runs=["linked"])
    scenarios.experiment(langfuse, dataset, "dataset_run_id")
    scenarios.read_runs(langfuse, "linked", "with the SDK")


if __name__ == "__main__":
    main()
