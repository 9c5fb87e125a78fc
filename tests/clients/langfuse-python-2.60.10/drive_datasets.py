"""Drives the datasets of langfuse 2.60.10: items are linked to traces and observations, spans know nothing of runs."""

import datasets_scenario as scenarios
from langfuse import Langfuse
from langfuse.decorators import langfuse_context, observe
from scenario import VALUES, tell


@observe(name="observed")
def observed(country: str) -> str:
    return scenarios.answer(country)


def main() -> None:
    langfuse = Langfuse(environment=VALUES["environment"], release=VALUES["release"])
    dataset = scenarios.prepare(langfuse)
    for item in dataset.items:
        country = item.input["country"]
        trace = langfuse.trace(name="linked", input=item.input, output=scenarios.answer(country))
        trace.score(name="right", value=float(scenarios.answer(country) == item.expected_output))
        item.link(trace, "linked", run_description="each night", run_metadata=scenarios.METADATA)
        span = langfuse.trace(name="with span").span(name="step", input=country)
        span.end(output=scenarios.answer(country))
        item.link(span, "linked to spans")
        with item.observe(run_name="observed"):
            observed(country)
    langfuse.flush()
    langfuse_context.flush()
    tell(scenario="linked", runs=["linked", "linked to spans", "observed"])
    scenarios.RUN_NAME = "dataset_run_name"
    scenarios.read_runs(langfuse, "linked", "linked to spans", "observed")


if __name__ == "__main__":
    main()
